import { H2ServerConnection, type Transport } from '@tulle/http';
import type { InboundView } from '../config/mesh-view.ts';
import type { AppClusters } from '../proxy/app-clusters.ts';
import { DownstreamConnection } from '../proxy/downstream-connection.ts';
import type { InboundPeer } from '../proxy/inbound-peer.ts';
import { meshTcpProtocol } from '../proxy/mesh-tls.ts';
import { CapturedConnection } from './captured-connection.ts';
import type { ListenerContext } from './listener-context.ts';
import { MeshBytesRoute } from './mesh-bytes-route.ts';

/** Connections of peers' sidecars, verified: ALPN says what they carry. */
export class MeshConnections {
  readonly #context: ListenerContext;
  readonly #view: InboundView;
  readonly #apps: AppClusters;

  constructor(context: ListenerContext, view: InboundView, apps: AppClusters) {
    this.#context = context;
    this.#view = view;
    this.#apps = apps;
  }

  accept(transport: Transport, peer: InboundPeer): void {
    const { http, metrics } = this.#context;
    metrics.handshake('inbound', transport.isSessionReused);
    if (transport.alpnProtocol === meshTcpProtocol) {
      const parts = { context: this.#context, view: this.#view, apps: this.#apps, peer };
      const route = new MeshBytesRoute(parts);
      new CapturedConnection(transport, route, this.#context).begin();
      return;
    }
    const origin = { peer, captured: null };
    new DownstreamConnection(
      http,
      origin,
      (handler) => new H2ServerConnection(transport, handler, http.context.serverOptions),
    );
  }
}
