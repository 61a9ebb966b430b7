/** The shop's front: one page is made of the catalog, the orders and the reviews. */
import { type CallResult, call } from './call.ts';
import { listenAddressOf, serve, sidecarOf } from './serve.ts';

const sidecar = sidecarOf(process.env.SIDECAR);

serve('web', listenAddressOf(process.env.LISTEN), async () => {
  const [catalog, orders, reviews] = await Promise.all([
    call(sidecar, 'catalog', '/books'),
    call(sidecar, 'orders', '/orders'),
    call(sidecar, 'reviews', '/reviews?book=1'),
  ]);
  const parts = { catalog: part(catalog), orders: part(orders), reviews: part(reviews) };
  const isWhole = Object.values(parts).every(({ status }) => status === 200);
  return { status: isWhole ? 200 : 502, body: parts };
});

/** Of each answer the page keeps how it went, and which versions of the catalog had a hand in it. */
function part({ status, reason, body }: CallResult) {
  const told = body as {
    version?: unknown;
    catalog?: { version?: unknown; status?: unknown; reason?: unknown };
  };
  const version = told?.version ?? told?.catalog?.version;
  return {
    status,
    reason: reason || String(told?.catalog?.reason ?? ''),
    version: typeof version === 'string' ? version : null,
  };
}
