import type { IncomingMessage } from 'node:http';

/** Two objects of the most that the API server takes, and what stands around them. */
const maxBodyBytes = 8 * 1024 * 1024;
/** Of all that are under way: what a container of 256 MiB can hold beside their parsed forms. */
const maxHeldBytes = 32 * 1024 * 1024;

export type ReadBody =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly status: number; readonly reason: string };

/** Reads bodies, within a limit each and one for all of them together. */
export class BodyReader {
  #heldBytes = 0;

  async read(request: IncomingMessage): Promise<ReadBody> {
    const chunks: Buffer[] = [];
    let size = 0;
    try {
      // Else leaving the loop early would destroy the connection, and the answer with it.
      const body = request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>;
      for await (const chunk of body) {
        size += chunk.length;
        this.#heldBytes += chunk.length;
        if (size > maxBodyBytes)
          return { ok: false, status: 413, reason: `a review may have ${maxBodyBytes} bytes` };
        if (this.#heldBytes > maxHeldBytes)
          return { ok: false, status: 503, reason: 'too many reviews at once' };
        chunks.push(chunk);
      }
    } finally {
      this.#heldBytes -= size;
    }
    return { ok: true, text: Buffer.concat(chunks).toString('utf8') };
  }
}
