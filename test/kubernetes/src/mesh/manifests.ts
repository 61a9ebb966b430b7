import { resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { runCommand } from '../kubectl.ts';

export const root = resolve(import.meta.dirname, '../../../..');
export const meshNamespace = 'tulle-system';

/** An object of a manifest. */
// biome-ignore lint/suspicious/noExplicitAny: tests look into objects of every kind.
export type Manifest = Record<string, any>;

/** Where the injector of a test listens in place of its Service's pods. */
export interface LocalInjector {
  readonly address: string;
  readonly port: number;
}

export function parseManifests(text: string): readonly Manifest[] {
  return parseAllDocuments(text)
    .map((document) => document.toJS() as Manifest | null)
    .filter((object) => object !== null);
}

/** What `tulle` prints, from source; throws with what it says where it fails. */
export async function tulle(args: readonly string[], options: TulleOptions = {}): Promise<string> {
  const { code, stdout, stderr } = await runTulle(args, options);
  if (code !== 0) throw new Error(`tulle ${args.join(' ')} ended with ${code}: ${stderr}${stdout}`);
  return stdout;
}

interface TulleOptions {
  readonly input?: string;
  readonly kubeconfig?: string;
}

/** Whatever becomes of it. */
export function runTulle(args: readonly string[], { input, kubeconfig }: TulleOptions = {}) {
  const env = {
    NODE_COMPILE_CACHE: resolve(root, 'node_modules/.cache/tulle-tests'),
    ...(kubeconfig === undefined ? {} : { KUBECONFIG: kubeconfig }),
  };
  const command = [process.execPath, resolve(root, 'packages/cli/src/main.ts'), ...args];
  return runCommand(command, { env, ...(input === undefined ? {} : { input }) });
}

/**
 * The manifests with the programs outside the cluster: no pods of theirs, and the injector's Service, a name for the
 * address where it listens. The API server follows such a name, and expects the Service's own certificate there.
 */
export function withLocalPrograms(
  manifests: readonly Manifest[],
  injector: LocalInjector,
): readonly Manifest[] {
  return manifests.map((object) => {
    const { kind, metadata } = object;
    if (kind === 'Deployment') return { ...object, spec: { ...object.spec, replicas: 0 } };
    if (kind === 'Service' && metadata.name === 'tulle-injector')
      return { ...object, spec: { type: 'ExternalName', externalName: injector.address } };
    if (!kind.endsWith('WebhookConfiguration')) return object;
    return {
      ...object,
      webhooks: object.webhooks.map((webhook: Manifest) => atPort(webhook, injector.port)),
    };
  });
}

function atPort(webhook: Manifest, port: number): Manifest {
  const { clientConfig } = webhook;
  return { ...webhook, clientConfig: { ...clientConfig, service: { ...clientConfig.service, port } } };
}

/** The container of a rendered program, for its environment. */
export function containerOf(manifests: readonly Manifest[], deployment: string): Manifest {
  const found = manifests.find(({ kind, metadata }) => kind === 'Deployment' && metadata.name === deployment);
  if (found === undefined) throw new Error(`the manifests have no Deployment ${deployment}`);
  return found.spec.template.spec.containers[0];
}
