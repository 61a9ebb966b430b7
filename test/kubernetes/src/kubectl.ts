import { spawn } from 'node:child_process';

export interface CommandOutput {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** JSON as it came from the API server. */
export interface KubernetesObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid: string;
    readonly generation?: number;
    readonly deletionTimestamp?: string;
    readonly resourceVersion: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly ownerReferences?: readonly { readonly kind: string; readonly name: string }[];
  };
  // biome-ignore lint/suspicious/noExplicitAny: tests look into objects of every kind.
  readonly [field: string]: any;
}

const commandTimeoutMs = 60_000;

/** How patiently tests wait for what a cluster does, as options of eventually(). */
export const clusterPace = { timeoutMs: 30_000, intervalMs: 200 };

/** kubectl for one cluster, as one user. */
export class Kubectl {
  readonly program: string;
  readonly kubeconfig: string;

  constructor(program: string, kubeconfig: string) {
    this.program = program;
    this.kubeconfig = kubeconfig;
  }

  /** The same cluster, as the user of another kubeconfig. */
  as(kubeconfig: string): Kubectl {
    return new Kubectl(this.program, kubeconfig);
  }

  /** Whatever becomes of it. */
  run(args: readonly string[], input = '', timeoutMs = commandTimeoutMs): Promise<CommandOutput> {
    return runCommand([this.program, ...args], { input, timeoutMs, env: { KUBECONFIG: this.kubeconfig } });
  }

  /** What it printed; throws with what it said instead. */
  async must(args: readonly string[], input = '', timeoutMs = commandTimeoutMs): Promise<string> {
    const { code, stdout, stderr } = await this.run(args, input, timeoutMs);
    if (code !== 0) throw new Error(`kubectl ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`);
    return stdout;
  }

  /** Objects or YAML, each created or brought to this. */
  async apply(manifest: string | readonly object[], ...args: readonly string[]): Promise<void> {
    await this.must(['apply', ...args, '-f', '-'], manifestText(manifest));
  }

  /** `deployment/web`, `pods -l app=web` as the object, or the list. */
  async get(what: string, namespace?: string): Promise<KubernetesObject> {
    const at = namespace === undefined ? [] : ['-n', namespace];
    return JSON.parse(await this.must(['get', ...what.split(' '), ...at, '-o', 'json'])) as KubernetesObject;
  }

  async list(what: string, namespace?: string): Promise<readonly KubernetesObject[]> {
    return (await this.get(what, namespace)).items as readonly KubernetesObject[];
  }

  async delete(what: string, namespace?: string): Promise<void> {
    const at = namespace === undefined ? [] : ['-n', namespace];
    await this.must(['delete', ...what.split(' '), ...at, '--ignore-not-found', '--wait=false']);
  }
}

export function manifestText(manifest: string | readonly object[]): string {
  if (typeof manifest === 'string') return manifest;
  return JSON.stringify({ apiVersion: 'v1', kind: 'List', items: manifest });
}

interface CommandOptions {
  readonly input?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Default 60 s; then it is killed. */
  readonly timeoutMs?: number;
}

/** Runs a program to its end, with nothing of the environment but PATH and HOME. */
export async function runCommand(
  [program = '', ...args]: readonly string[],
  options: CommandOptions = {},
): Promise<CommandOutput> {
  const { PATH, HOME = '/' } = process.env;
  const child = spawn(program, args, {
    env: { PATH, HOME, ...options.env },
    timeout: options.timeoutMs ?? commandTimeoutMs,
  });
  const texts = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    texts.stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    texts.stderr += chunk;
  });
  // A program that does not read to the end is no fault of ours.
  child.stdin.on('error', () => {});
  child.stdin.end(options.input ?? '');
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  return { code, ...texts };
}
