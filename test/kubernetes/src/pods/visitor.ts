import type { Kubectl } from '../kubectl.ts';
import { bookshopImage } from './bookshop.ts';

const namespace = 'outside';

/** What came back, or why nothing did. */
export interface Visit {
  readonly status: number;
  readonly text: string;
}

/** A pod that is not of the mesh. */
export class Visitor {
  readonly #kubectl: Kubectl;

  private constructor(kubectl: Kubectl) {
    this.#kubectl = kubectl;
  }

  static async start(kubectl: Kubectl): Promise<Visitor> {
    await kubectl.apply([
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
      {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { name: 'visitor', namespace },
        spec: {
          automountServiceAccountToken: false,
          terminationGracePeriodSeconds: 1,
          containers: [
            {
              name: 'visitor',
              image: bookshopImage,
              imagePullPolicy: 'IfNotPresent',
              args: ['/app/reviews.mjs'],
            },
          ],
        },
      },
    ]);
    await kubectl.must(['wait', 'pod/visitor', '-n', namespace, '--for=condition=Ready', '--timeout=50s']);
    return new Visitor(kubectl);
  }

  /** A GET from the pod; status 0 where the connection failed. */
  async visit(url: string): Promise<Visit> {
    const script = `fetch(${JSON.stringify(url)}, { signal: AbortSignal.timeout(5000), headers: { connection: 'close' } })
      .then(async (answer) => ({ status: answer.status, text: await answer.text() }))
      .catch((fault) => ({ status: 0, text: String(fault.cause?.code ?? fault) }))
      .then((visit) => console.log(JSON.stringify(visit)))`;
    const command = ['exec', '-n', namespace, 'visitor', '--', '/usr/local/bin/node', '-e', script];
    return JSON.parse(await this.#kubectl.must(command)) as Visit;
  }

  async stop(): Promise<void> {
    await this.#kubectl.delete(`namespace/${namespace}`);
  }
}
