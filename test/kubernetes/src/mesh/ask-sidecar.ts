import { request } from 'node:http';

export interface SidecarAnswer {
  readonly status: number;
  /** Of an answer that the sidecar gave by itself. */
  readonly reason: string | null;
}

const outboundPort = 15_001;

/** Sends a request as a pod's application does: to its sidecar, with the destination as Host. */
export function askSidecar(address: string, host: string, path = '/'): Promise<SidecarAnswer> {
  return new Promise((resolve, reject) => {
    const options = { host: address, port: outboundPort, path, headers: { host }, agent: false };
    const outgoing = request({ ...options, timeout: 10_000 }, (response) => {
      response.resume();
      response.on('error', reject);
      response.on('end', () => {
        const reason = response.headers['x-tulle-reason'];
        resolve({ status: response.statusCode ?? 0, reason: reason === undefined ? null : String(reason) });
      });
    });
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer within 10 s')));
    outgoing.on('error', reject);
    outgoing.end();
  });
}
