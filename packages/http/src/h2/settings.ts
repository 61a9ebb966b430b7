/** SETTINGS (RFC 9113 section 6.5): what the peer said, and what we say. */
import type { HttpLimits } from '../exchange/limits.ts';
import {
  DEFAULT_FRAME_BYTES,
  DEFAULT_WINDOW_BYTES,
  FLOW_CONTROL_ERROR,
  MAX_INT31,
  NO_ERROR,
  PROTOCOL_ERROR,
  SETTING_ENABLE_CONNECT_PROTOCOL,
  SETTING_ENABLE_PUSH,
  SETTING_HEADER_TABLE_SIZE,
  SETTING_INITIAL_WINDOW_SIZE,
  SETTING_MAX_CONCURRENT_STREAMS,
  SETTING_MAX_FRAME_SIZE,
  SETTING_MAX_HEADER_LIST_SIZE,
} from './frame-types.ts';

const MAX_FRAME_SIZE = 16_777_215;
export const SETTING_BYTES = 6;

type SettingPairs = readonly (readonly [identifier: number, value: number])[];

/** As announced by the peer; before that the defaults of RFC 9113 section 6.5.2. */
export class PeerSettings {
  headerTableBytes = 4096;
  /** Of one frame: a table that shrinks and grows again is told both (RFC 7541 section 4.2). */
  smallestTableBytes = 4096;
  maxConcurrentStreams: number | null = null;
  initialWindowBytes: number = DEFAULT_WINDOW_BYTES;
  maxFrameBytes: number = DEFAULT_FRAME_BYTES;
  /** RFC 8441 section 3. */
  hasConnectProtocol = false;
  /** A first SETTINGS frame has come. */
  isKnown = false;

  /** NO_ERROR, or the error that ends the connection. `isServer`: who reads it. */
  read(buffer: Buffer, start: number, end: number, isServer: boolean): number {
    this.isKnown = true;
    this.smallestTableBytes = this.headerTableBytes;
    for (let at = start; at < end; at += SETTING_BYTES) {
      const code = this.#set(buffer.readUInt16BE(at), buffer.readUInt32BE(at + 2), isServer);
      if (code !== NO_ERROR) return code;
    }
    return NO_ERROR;
  }

  #set(identifier: number, value: number, isServer: boolean): number {
    switch (identifier) {
      case SETTING_HEADER_TABLE_SIZE:
        this.headerTableBytes = value;
        this.smallestTableBytes = Math.min(this.smallestTableBytes, value);
        return NO_ERROR;
      case SETTING_ENABLE_PUSH:
        // A server must not send 1, nor a client anything but 0 and 1 (section 6.5.2).
        return value === 0 || (isServer && value === 1) ? NO_ERROR : PROTOCOL_ERROR;
      case SETTING_MAX_CONCURRENT_STREAMS:
        this.maxConcurrentStreams = value;
        return NO_ERROR;
      case SETTING_INITIAL_WINDOW_SIZE:
        if (value > MAX_INT31) return FLOW_CONTROL_ERROR;
        this.initialWindowBytes = value;
        return NO_ERROR;
      case SETTING_MAX_FRAME_SIZE:
        if (value < DEFAULT_FRAME_BYTES || value > MAX_FRAME_SIZE) return PROTOCOL_ERROR;
        this.maxFrameBytes = value;
        return NO_ERROR;
      case SETTING_ENABLE_CONNECT_PROTOCOL:
        if (value > 1 || (value === 0 && this.hasConnectProtocol)) return PROTOCOL_ERROR;
        this.hasConnectProtocol = value === 1;
        return NO_ERROR;
      default:
        return NO_ERROR;
    }
  }
}

export function ownSettings(limits: HttpLimits, isServer: boolean): SettingPairs {
  const { h2, head } = limits;
  const shared: SettingPairs = [
    [SETTING_HEADER_TABLE_SIZE, h2.headerTableBytes],
    [SETTING_INITIAL_WINDOW_SIZE, h2.streamWindowBytes],
    [SETTING_MAX_FRAME_SIZE, h2.maxFrameBytes],
    [SETTING_MAX_HEADER_LIST_SIZE, head.maxHeadBytes],
  ];
  if (!isServer) return [...shared, [SETTING_ENABLE_PUSH, 0]];
  return [
    ...shared,
    [SETTING_MAX_CONCURRENT_STREAMS, h2.maxConcurrentStreams],
    [SETTING_ENABLE_CONNECT_PROTOCOL, 1],
  ];
}
