import { get } from 'node:http';

/** Null where it is ready, else why not. */
export function askReadiness(host: string, port: number): Promise<string | null> {
  return new Promise((resolve) => {
    const request = get({ host, port, path: '/readyz', timeout: 2_000, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk: string) => {
        text = (text + chunk).slice(0, 2_000);
      });
      // Not its end: a sidecar that goes away within its answer gives none.
      response.once('close', () => {
        if (!response.complete) resolve('the sidecar went away within its answer');
        else resolve(response.statusCode === 200 ? null : text.trim());
      });
    });
    request.once('timeout', () => request.destroy(new Error('no answer within 2 s')));
    request.once('error', (error) => resolve(error.message));
  });
}
