import { Agent, type IncomingMessage, request } from 'node:http';

export interface SentRequest {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  readonly body: string;
}

/** An answer of the application's that fits the request, or why there is none. */
export type SendResult =
  | { readonly kind: 'answered'; readonly application: string }
  | { readonly kind: 'failed'; readonly reason: string };

const outboundPort = 15_001;
const timeoutMs = 15_000;

/** An application's HTTP client: node's own, over kept-alive connections to its sidecar. */
export class HttpSender {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 512 });
  readonly #host: string;
  readonly #via: string;

  constructor({ via, host }: { readonly via: string; readonly host: string }) {
    this.#via = via;
    this.#host = host;
  }

  send({ method, path, body }: SentRequest, done: (result: SendResult) => void): void {
    let isDone = false;
    const finish = (result: SendResult) => {
      if (isDone) return;
      isDone = true;
      done(result);
    };
    const failed = (error: NodeJS.ErrnoException) =>
      finish({ kind: 'failed', reason: `client_${(error.code ?? error.message).toLowerCase()}` });
    const outgoing = request(
      {
        host: this.#via,
        port: outboundPort,
        agent: this.#agent,
        method,
        path,
        headers: { host: this.#host, ...(body === '' ? {} : { 'content-length': body.length }) },
        timeout: timeoutMs,
      },
      (response) => readAnswer(response, path, finish, failed),
    );
    outgoing.on('timeout', () => outgoing.destroy(Object.assign(new Error(), { code: 'timeout' })));
    outgoing.on('error', failed);
    outgoing.end(body === '' ? undefined : body);
  }

  close(): void {
    this.#agent.destroy();
  }
}

function readAnswer(
  response: IncomingMessage,
  path: string,
  finish: (result: SendResult) => void,
  failed: (error: NodeJS.ErrnoException) => void,
): void {
  let text = '';
  response.setEncoding('utf8');
  response.on('data', (chunk: string) => {
    text += chunk;
  });
  response.on('error', failed);
  response.on('end', () => {
    const { statusCode = 0, headers } = response;
    if (statusCode !== 200) {
      finish({ kind: 'failed', reason: String(headers['x-tulle-reason'] ?? `status_${statusCode}`) });
    } else if (text !== path) finish({ kind: 'failed', reason: 'wrong_answer' });
    else finish({ kind: 'answered', application: String(headers['x-app'] ?? '') });
  });
}
