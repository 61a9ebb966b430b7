export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Buffer;
}

/** Cuts bytes into frames (section 4.1). */
export class FrameCutter {
  #rest: Buffer = Buffer.alloc(0);

  get isEmpty(): boolean {
    return this.#rest.length === 0;
  }

  /** What a frame that is not whole yet says that it holds. */
  get begunBytes(): number {
    return this.#rest.length < 9 ? 0 : this.#rest.readUIntBE(0, 3);
  }

  add(bytes: Buffer): void {
    this.#rest = Buffer.concat([this.#rest, bytes]);
  }

  next(): Frame | null {
    if (this.#rest.length < 9) return null;
    const end = 9 + this.#rest.readUIntBE(0, 3);
    if (this.#rest.length < end) return null;
    const head = this.#rest;
    this.#rest = head.subarray(end);
    return {
      type: head[3]!,
      flags: head[4]!,
      streamId: head.readUInt32BE(5) % 2 ** 31,
      payload: head.subarray(9, end),
    };
  }
}
