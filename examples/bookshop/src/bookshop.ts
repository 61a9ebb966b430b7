import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { type Cast, namespace, type PodSpec, ports, trustDomain } from './cast.ts';
import type { TokenFiles } from './credentials.ts';
import type { Processes, RunningProgram } from './processes.ts';

export interface BookshopOptions {
  readonly cast: Cast;
  readonly processes: Processes;
  /** The repository's root. */
  readonly root: string;
  readonly meshDirectory: string;
  readonly stateDirectory: string;
  readonly tokens: TokenFiles;
  readonly onProgress: (message: string) => void;
}

export interface Running {
  /** The application of a pod. */
  applicationOf(pod: string): RunningProgram;
}

const startDeadlineMs = 60_000;

/**
 * Starts the control plane, then every application beside its sidecar, and waits until all are ready.
 * `signal` is aborted where a child has ended, so that nobody waits for the readiness of the dead.
 */
export async function startBookshop(options: BookshopOptions, signal: AbortSignal): Promise<Running> {
  const { cast, processes, onProgress } = options;
  const startMs = performance.now();
  onProgress('starting the control plane, which makes its certificate authority');
  processes.start(controlPlane(options));
  const admin = `http://${cast.controlPlaneAddress}:${ports.controlPlaneAdmin}`;
  await untilReady([{ name: 'the control plane', url: `${admin}/readyz` }], signal, () => {});
  await access(join(options.stateDirectory, 'root.pem'));

  onProgress(`starting ${cast.pods.length} applications, each beside its sidecar`);
  const applications = new Map(
    cast.pods.map((pod) => [pod.name, processes.start(application(options, pod))]),
  );
  for (const pod of cast.pods) processes.start(sidecar(options, pod));
  const targets = cast.pods.flatMap(({ name, address }) => [
    { name: `${name}'s application`, url: `http://${address}:${ports.app}/healthz` },
    { name: `${name}'s sidecar`, url: `http://${address}:${ports.metrics}/readyz` },
  ]);
  await untilReady(targets, signal, (ready) => {
    if (ready % cast.pods.length === 0) onProgress(`${ready} of ${targets.length} ready`);
  });
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
  onProgress(`all ready after ${seconds} s: ${processes.count} processes, certificates issued just now`);
  return { applicationOf: (pod) => applications.get(pod)! };
}

function controlPlane({ cast, root, meshDirectory, stateDirectory, tokens }: BookshopOptions) {
  return {
    name: 'control-plane',
    path: join(root, 'packages/control-plane/src/main.ts'),
    env: {
      TULLE_CONFIG_DIR: meshDirectory,
      TULLE_STATE_DIR: stateDirectory,
      TULLE_TOKENS_FILE: tokens.listFile,
      TULLE_TRUST_DOMAIN: trustDomain,
      TULLE_DISCOVERY_HOST: cast.controlPlaneAddress,
      TULLE_DISCOVERY_PORT: String(ports.discovery),
      TULLE_ADMIN_HOST: cast.controlPlaneAddress,
      TULLE_ADMIN_PORT: String(ports.controlPlaneAdmin),
    },
  };
}

function application({ root }: BookshopOptions, { name, program, version, address }: PodSpec) {
  return {
    name,
    path: join(root, `examples/bookshop/src/services/${program}.ts`),
    env: {
      LISTEN: `${address}:${ports.app}`,
      SIDECAR: `${address}:${ports.outbound}`,
      ...(version === null ? {} : { VERSION: version }),
    },
  };
}

function sidecar({ cast, root, stateDirectory, tokens }: BookshopOptions, { name, address }: PodSpec) {
  return {
    name: `${name}-sidecar`,
    path: join(root, 'packages/sidecar/src/main.ts'),
    env: {
      TULLE_WORKLOAD: `${namespace}/${name}`,
      TULLE_CONTROL_PLANE: `${cast.controlPlaneAddress}:${ports.discovery}`,
      TULLE_CA_FILE: join(stateDirectory, 'root.pem'),
      TULLE_TOKEN_FILE: tokens.fileOf(name),
      TULLE_TRUST_DOMAIN: trustDomain,
      TULLE_HOST: address,
      // On a laptop all pods share one host, so that the admin port needs the pod's own address too.
      TULLE_ADMIN_HOST: address,
      TULLE_ACCESS_LOG: 'off',
      TULLE_DRAIN_SECONDS: '2',
    },
  };
}

async function untilReady(
  targets: readonly { readonly name: string; readonly url: string }[],
  signal: AbortSignal,
  onReady: (count: number) => void,
): Promise<void> {
  const deadlineMs = performance.now() + startDeadlineMs;
  let ready = 0;
  await Promise.all(
    targets.map(async ({ name, url }) => {
      while (!(await answersOk(url))) {
        signal.throwIfAborted();
        if (performance.now() > deadlineMs)
          throw new Error(`${name} was not ready within ${startDeadlineMs / 1_000} s (${url}); see the logs`);
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      ready++;
      onReady(ready);
    }),
  );
}

async function answersOk(url: string): Promise<boolean> {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(1_000) });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    // Not there yet: the caller asks again, until its own deadline.
    return false;
  }
}
