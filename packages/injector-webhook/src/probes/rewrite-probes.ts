import type { Violation } from '@tulle/model';
import type { RawContainer, RawPodSpec, RawProbe } from '../pod/raw-pod.ts';
import { probePath, probePlaces } from './probe-places.ts';
import type { ProbeTable, ProbeTarget } from './probe-table.ts';

export interface RewrittenProbes {
  readonly spec: RawPodSpec;
  readonly table: ProbeTable;
  readonly warnings: readonly Violation[];
}

/** The sidecar takes no longer (sidecar: probes/parse-probes.ts). */
const maxTimeoutSeconds = 3_600;
const lists = ['initContainers', 'containers'] as const;

/**
 * Kubelet is outside of the mesh: a port that takes mutual TLS only would refuse it, and what it captured would look like
 * a client's. It asks the sidecar instead, which asks the application; commands run in their container as before.
 * `early` names the init containers that start before the sidecar: what they wait for to have started is not asked of it.
 */
export function rewriteProbes(
  spec: RawPodSpec,
  { sidecarPort, early }: { readonly sidecarPort: number; readonly early: readonly string[] },
): RewrittenProbes {
  const table: Record<string, ProbeTarget> = {};
  const warnings: Violation[] = [];
  const rewriteAll = (container: RawContainer, at: string): RawContainer =>
    probePlaces.reduce((current, { kind, path, isHook, get, set }) => {
      const isTooEarly = (kind === 'startup' || kind === 'post-start') && early.includes(current.name);
      const probe = isTooEarly ? undefined : get(current);
      const target = probe === undefined ? null : targetOf(probe, { container: current, isHook });
      if (target === null || probe === undefined) return current;
      if (target === 'unknown-port') {
        const reason = 'names a port that the container does not have: it is left as it is, and will fail';
        warnings.push({ path: `${at}.${path}`, reason });
        return current;
      }
      table[`${current.name}/${kind}`] = target;
      const asked = { path: probePath(current.name, kind), port: sidecarPort, scheme: 'HTTP' };
      return set(current, rewritten(probe, asked, target));
    }, container);
  const changed = Object.fromEntries(
    lists.flatMap((list) => {
      const containers = spec[list];
      if (containers === undefined) return [];
      return [[list, containers.map((one, i) => rewriteAll(one, `spec.${list}[${i}]`))]];
    }),
  );
  return { spec: { ...spec, ...changed }, table, warnings };
}

/** Null: it does not ask the pod over its network. */
function targetOf(
  { httpGet, grpc, tcpSocket, timeoutSeconds = 1 }: RawProbe,
  { container, isHook }: { readonly container: RawContainer; readonly isHook: boolean },
): ProbeTarget | 'unknown-port' | null {
  // The least that kubelet takes is 1; 0 stands for the default.
  const patience = isHook ? {} : { timeoutSeconds: Math.min(Math.max(1, timeoutSeconds), maxTimeoutSeconds) };
  if (grpc !== undefined) return { grpc: { port: grpc.port, service: grpc.service ?? '' }, ...patience };
  const asked = httpGet ?? tcpSocket;
  // Another host is asked from the node, past this pod. Kubelet does not run hooks that open a connection only.
  if (asked === undefined || (asked.host ?? '') !== '' || (isHook && httpGet === undefined)) return null;
  const port = portNumber(asked.port, container);
  if (port === null) return 'unknown-port';
  if (httpGet === undefined) return { tcp: { port }, ...patience };
  const http = {
    port,
    path: httpGet.path === undefined || httpGet.path === '' ? '/' : httpGet.path,
    scheme: httpGet.scheme === 'HTTPS' ? ('HTTPS' as const) : ('HTTP' as const),
    host: null,
    headers: (httpGet.httpHeaders ?? []).map(({ name, value }) => ({ name, value: value ?? '' })),
  };
  return { http, ...patience };
}

/** By the container's own names, as kubelet does; a name that is a number is one. */
function portNumber(port: number | string, { ports = [] }: RawContainer): number | null {
  if (typeof port === 'number') return port;
  const named = ports.find(({ name }) => name === port)?.containerPort;
  if (named !== undefined) return named;
  const number = /^\d{1,5}$/.test(port) ? Number(port) : 0;
  return number >= 1 && number <= 65_535 ? number : null;
}

function rewritten(probe: RawProbe, httpGet: object, { timeoutSeconds }: ProbeTarget): RawProbe {
  const { httpGet: _http, grpc: _grpc, tcpSocket: _tcp, ...others } = probe;
  // A second more than the sidecar gives the application, so that the answer says what was wrong.
  const patience = timeoutSeconds === undefined ? {} : { timeoutSeconds: timeoutSeconds + 1 };
  return { ...others, httpGet: httpGet as RawProbe['httpGet'] & object, ...patience };
}
