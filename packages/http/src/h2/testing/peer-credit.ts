import { data, S, T } from './raw-frames.ts';
import type { RawFrame, RawPeer } from './raw-peer.ts';

/**
 * What the subject allows its peer to send (RFC 9113 section 5.2), kept by that peer: it fails where a
 * window would pass 2^31 - 1, and sends no more than it may.
 */
export class PeerCredit {
  connection = 65535;
  readonly #peer: RawPeer;
  readonly #streams = new Map<number, number>();
  #initial = 65535;

  /** Made before the handshake, to see the SETTINGS; or give the window that they announced. */
  constructor(peer: RawPeer, initialWindowBytes = 65535) {
    this.#peer = peer;
    this.#initial = initialWindowBytes;
    peer.onFrame = (frame) => this.#note(frame);
  }

  stream(id: number): number {
    return this.#streams.get(id) ?? this.#initial;
  }

  /** Sends at most `wanted` bytes of payload on a stream, in frames of at most `frameBytes`; gives how many. */
  send(id: number, wanted: number, frameBytes = 16384): number {
    let sent = 0;
    for (;;) {
      const length = Math.min(wanted - sent, frameBytes, this.stream(id), this.connection);
      if (length <= 0) return sent;
      this.#streams.set(id, this.stream(id) - length);
      this.connection -= length;
      sent += length;
      this.#peer.send(data(id, Buffer.alloc(length, 97)));
    }
  }

  #note({ type, flags, streamId, payload }: RawFrame): void {
    if (type === T.SETTINGS && flags === 0) {
      for (let i = 0; i < payload.length; i += 6) {
        if (payload.readUInt16BE(i) === S.INITIAL_WINDOW_SIZE) this.#initial = payload.readUInt32BE(i + 2);
      }
    }
    if (type !== T.WINDOW_UPDATE) return;
    const increment = payload.readUInt32BE();
    const window = (streamId === 0 ? this.connection : this.stream(streamId)) + increment;
    if (increment === 0 || window > 2 ** 31 - 1) throw new Error(`an increment of ${increment} to ${window}`);
    if (streamId === 0) this.connection = window;
    else this.#streams.set(streamId, window);
  }
}
