import type { RawContainer, RawProbe } from '../pod/raw-pod.ts';
import { probePath, probePlaces } from './probe-places.ts';
import type { ProbeTable, ProbeTarget } from './probe-table.ts';

/** What kubelet asked before an earlier injection; what somebody has changed since then is left as it is. */
export function restoreProbes(container: RawContainer, table: ProbeTable): RawContainer {
  return probePlaces.reduce((current, { kind, get, set }) => {
    const probe = get(current);
    const target = table[`${current.name}/${kind}`];
    const isOurs = probe?.httpGet?.path === probePath(current.name, kind);
    return probe !== undefined && isOurs && target !== undefined
      ? set(current, restored(probe, target))
      : current;
  }, container);
}

function restored(probe: RawProbe, { http, grpc, tcp, timeoutSeconds }: ProbeTarget): RawProbe {
  const { httpGet: _ours, timeoutSeconds: _longer, ...others } = probe;
  const patience = timeoutSeconds === undefined ? {} : { timeoutSeconds };
  if (grpc !== undefined) return { ...others, ...patience, grpc };
  if (tcp !== undefined) return { ...others, ...patience, tcpSocket: tcp };
  if (http === undefined) return probe;
  const { port, path, scheme, headers } = http;
  const httpHeaders = headers.length === 0 ? {} : { httpHeaders: headers };
  return { ...others, ...patience, httpGet: { port, path, scheme, ...httpHeaders } };
}
