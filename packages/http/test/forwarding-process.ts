/** The proxy as a process of its own, so that its memory is its own: arguments are backend, upstream port and version. */
import type { TransportBackend } from '../src/index.ts';
import { startForwarding } from './forwarding-proxy.ts';

const [backend, upstreamPort, upstreamMajor] = process.argv.slice(2);
const { port } = await startForwarding({
  backend: backend as TransportBackend,
  upstreamPort: Number(upstreamPort),
  upstreamMajor: upstreamMajor === '2' ? 2 : 1,
  onLimit: (name) => console.log(JSON.stringify({ msg: 'limit', name })),
});
console.log(JSON.stringify({ msg: 'listening', port }));
