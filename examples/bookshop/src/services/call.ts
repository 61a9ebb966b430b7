import { Agent, request } from 'node:http';
import type { Address } from './serve.ts';

/** What a call brought: `body` is null where the answer was no JSON. */
export interface CallResult {
  readonly status: number;
  /** The sidecar's word for a failure, from `x-tulle-reason`; empty where the answer is the peer's own. */
  readonly reason: string;
  readonly body: unknown;
}

const agent = new Agent({ keepAlive: true, maxSockets: 64 });

/** In a cluster every service listens on this port; in explicit mode the sidecar asks discovery. */
const servicePort = 80;

/** How long a call may say nothing. */
const timeoutMs = Number(process.env.TIMEOUT_MS ?? '5000');

/**
 * Calls a service by name, by plain HTTP. Where nothing captures traffic, the request goes to the own sidecar, with
 * the destination in `Host`: this is all that a program has to know of the mesh then. Else `sidecar` is null, and
 * there is nothing to know.
 */
export function call(sidecar: Address | null, service: string, path: string): Promise<CallResult> {
  const to = sidecar ?? { host: service, port: servicePort };
  return new Promise((resolve) => {
    const fail = (reason: string) => resolve({ status: 0, reason, body: null });
    const outgoing = request(
      { ...to, agent, path, headers: { host: service }, timeout: timeoutMs },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', (fault) => fail(fault.message));
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            reason: String(response.headers['x-tulle-reason'] ?? ''),
            body: jsonOf(Buffer.concat(chunks)),
          }),
        );
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('timed out')));
    outgoing.on('error', (fault) => fail(fault.message));
    outgoing.end();
  });
}

function jsonOf(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return null;
  }
}
