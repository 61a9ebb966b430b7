/** Whether the service of this container is well: an exec probe runs it. */
import { call } from './call.ts';
import { listenAddressOf } from './serve.ts';

const { port } = listenAddressOf(process.env.LISTEN);
const { status, reason } = await call({ host: '127.0.0.1', port }, 'localhost', '/healthz');
if (status !== 200) {
  console.error(`/healthz answered ${status} ${reason}`);
  process.exit(1);
}
process.exit(0);
