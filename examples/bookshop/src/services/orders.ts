/** The orders: asks the catalog for the book of each order, through its own sidecar. */
import { call } from './call.ts';
import { listenAddressOf, serve, sidecarOf } from './serve.ts';

const sidecar = sidecarOf(process.env.SIDECAR);
let nextOrder = 1;

serve('orders', listenAddressOf(process.env.LISTEN), async () => {
  const id = nextOrder++;
  const catalog = await call(sidecar, 'catalog', `/books/${1 + (id % 3)}`);
  const answer = {
    id,
    catalog: { status: catalog.status, reason: catalog.reason, version: versionOf(catalog.body) },
  };
  return { status: catalog.status === 200 ? 200 : 502, body: answer };
});

function versionOf(body: unknown): string | null {
  const version = (body as { version?: unknown } | null)?.version;
  return typeof version === 'string' ? version : null;
}
