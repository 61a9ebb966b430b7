import { execFileSync } from 'node:child_process';
import { addresses, backendPort } from '../addresses.ts';

/** The two pods share a network here, so that capture tells their sidecars apart by their users. */
export const captured = {
  client: { uid: 1_337, outboundPort: 15_001, inboundPort: 15_006 },
  server: { uid: 1_338, outboundPort: 15_101, inboundPort: 15_106 },
} as const;

/** Where clients find the server's service. */
export const virtualIp = '10.96.0.7';

/** Redirects as the init program does: the application's calls to its sidecar, the sidecar's to that of the peer. */
const rules = `add table ip tulle_bench
flush table ip tulle_bench
add chain ip tulle_bench output { type nat hook output priority -100; }
add rule ip tulle_bench output ip daddr ${virtualIp} tcp dport ${backendPort} redirect to :${captured.client.outboundPort}
add rule ip tulle_bench output ip daddr ${addresses.server} tcp dport ${backendPort} meta skuid ${captured.client.uid} redirect to :${captured.server.inboundPort}
`;

/** For a network that is the run's own: it changes where connections go. */
export function startCapture(): void {
  execFileSync('ip', ['route', 'replace', 'local', virtualIp, 'dev', 'lo']);
  execFileSync('nft', ['-f', '-'], { input: rules });
}

/** Puts a program under another user, who may still read what root keeps. */
export function asUser(uid: number): readonly string[] {
  const caps = ['--inh-caps', '-all,+dac_read_search', '--ambient-caps', '-all,+dac_read_search'];
  return ['setpriv', '--reuid', `${uid}`, '--regid', `${uid}`, '--clear-groups', ...caps];
}
