import { Agent, request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';

export interface ClientAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

export interface ClientRequest {
  /** The address of the sidecar to send it through. */
  readonly via: string;
  /** The destination, as Host. */
  readonly host: string;
  readonly path?: string;
  readonly method?: string;
  readonly body?: string;
  readonly agent?: Agent;
}

const outboundPort = 15_001;

/** Sends a request as an application does: plain HTTP to its sidecar's outbound address. */
export function send({
  via,
  host,
  path = '/',
  method = 'GET',
  body,
  agent,
}: ClientRequest): Promise<ClientAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: via,
        port: outboundPort,
        path,
        method,
        headers: { host },
        agent: agent ?? false,
        timeout: 10_000,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks).toString('utf8'),
          }),
        );
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer within 10 s')));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** A steady load, kept up until `stop`. */
export interface Load {
  readonly answered: number;
  /** What went wrong, one line a failed request. */
  readonly failures: readonly string[];
  /** The applications that answered from this moment on, by name. */
  countsSince(atMs: number): Readonly<Record<string, number>>;
  /** Resolves when `count` more requests have been answered. */
  more(count: number): Promise<void>;
  stop(): Promise<void>;
}

/** Sends `perSecond` requests a second over kept-alive connections, whatever becomes of them. */
export function startLoad(target: {
  readonly via: string;
  readonly host: string;
  readonly perSecond: number;
}): Load {
  const agent = new Agent({ keepAlive: true, maxSockets: 32 });
  const failures: string[] = [];
  const answers: { readonly atMs: number; readonly app: string }[] = [];
  const startMs = performance.now();
  let sent = 0;
  let inFlight = 0;
  const sendOne = async () => {
    inFlight++;
    try {
      const { status, headers } = await send({ ...target, agent });
      if (status === 200) answers.push({ atMs: performance.now(), app: String(headers['x-app']) });
      else failures.push(`${status} ${headers['x-tulle-reason'] ?? ''}`);
    } catch (thrown) {
      failures.push(String(thrown));
    }
    inFlight--;
  };
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startMs) / 1_000) * target.perSecond);
    for (; sent < due; sent++) sendOne();
  }, 5);
  return {
    failures,
    get answered() {
      return answers.length;
    },
    countsSince(atMs) {
      const counts: Record<string, number> = {};
      for (const answer of answers)
        if (answer.atMs >= atMs) counts[answer.app] = (counts[answer.app] ?? 0) + 1;
      return counts;
    },
    async more(count) {
      const wanted = answers.length + count;
      const endMs = performance.now() + 20_000;
      while (answers.length < wanted) {
        if (performance.now() > endMs)
          throw new Error(
            `${answers.length} of ${wanted} answers after 20 s; failures: ${failures.slice(0, 5).join('; ')}`,
          );
        await sleep(10);
      }
    },
    async stop() {
      clearInterval(timer);
      while (inFlight > 0) await sleep(10);
      agent.destroy();
    },
  };
}
