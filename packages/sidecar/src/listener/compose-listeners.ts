import type { OriginalDestination } from '../capture/original-destination.ts';
import type { InboundView, OutboundView } from '../config/mesh-view.ts';
import type { AppClusters } from '../proxy/app-clusters.ts';
import type { RelayPool } from '../proxy/relay-pool.ts';
import { TcpRelays } from '../tcp/tcp-relays.ts';
import { DetectionMemory } from './detection-memory.ts';
import { ExplicitInbound } from './explicit-inbound.ts';
import { ExplicitOutbound } from './explicit-outbound.ts';
import { InboundCapture } from './inbound-capture.ts';
import type { ListenerContext } from './listener-context.ts';
import type { InboundListener, OutboundListener } from './listeners.ts';
import { MeshConnections } from './mesh-connections.ts';
import { OutboundCapture } from './outbound-capture.ts';

export interface ListenerParts extends Omit<ListenerContext, 'http' | 'tcp' | 'memory'> {
  readonly outboundHttp: RelayPool;
  readonly inboundHttp: RelayPool;
  readonly outboundView: OutboundView;
  readonly inboundView: InboundView;
  readonly apps: AppClusters;
  /** Null: explicit mode. */
  readonly original: OriginalDestination | null;
}

/**
 * A peer's sidecar speaks at once; a client in plain whose server is known to speak first is given this long
 * to turn out to be one.
 */
const inboundServerFirstMs = 10;

/** The two listeners of a sidecar, in the mode that it was started in. */
export function composeListeners(parts: ListenerParts): {
  readonly outbound: OutboundListener;
  readonly inbound: InboundListener;
} {
  const { outboundView, inboundView, apps, original } = parts;
  const outbound = contextOf(parts, parts.outboundHttp, new DetectionMemory());
  const inbound = contextOf(
    parts,
    parts.inboundHttp,
    new DetectionMemory({ serverFirstMs: inboundServerFirstMs }),
  );
  const mesh = new MeshConnections(inbound, inboundView, apps);
  if (original === null) {
    return {
      outbound: new ExplicitOutbound(outbound),
      inbound: new ExplicitInbound({ context: inbound, mesh }),
    };
  }
  return {
    outbound: new OutboundCapture(outbound, outboundView, original),
    inbound: new InboundCapture({ context: inbound, view: inboundView, apps, mesh, original }),
  };
}

function contextOf(parts: ListenerParts, http: RelayPool, memory: DetectionMemory): ListenerContext {
  const { settings, upstreams, dialer, balancer, metrics, accessLog, sweep, clock, logger } = parts;
  const { connections, overload } = http.context;
  const tcp = new TcpRelays({ sweep, connections, overload, timeouts: settings.timeouts });
  return {
    settings,
    http,
    tcp,
    upstreams,
    dialer,
    balancer,
    memory,
    metrics,
    accessLog,
    sweep,
    clock,
    logger,
  };
}
