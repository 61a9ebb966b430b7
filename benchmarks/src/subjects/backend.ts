import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addresses, backendPort, cores } from '../addresses.ts';
import { isListening, PinnedProcess } from '../measure/pinned-process.ts';
import type { Workspace } from './subject.ts';

/** The application behind every subject: nginx with a body of 1 KB from memory. */
export async function startBackend({ folder }: Workspace): Promise<PinnedProcess> {
  const file = join(folder, 'backend.conf');
  mkdirSync(join(folder, 'backend'), { recursive: true });
  writeFileSync(
    file,
    `daemon off; worker_processes 1; worker_rlimit_nofile 20000; pid ${folder}/backend.pid; error_log ${folder}/backend.err warn;
events { worker_connections 8192; multi_accept on; }
http {
  access_log off; tcp_nodelay on; keepalive_timeout 3600s; keepalive_requests 1000000000;
  server {
    listen ${addresses.server}:${backendPort} backlog=4096;
    listen ${addresses.outsider}:${backendPort} backlog=4096;
    location = / { default_type text/plain; return 200 '${'a'.repeat(1024)}'; }
  }
}
`,
  );
  const backend = new PinnedProcess('backend', {
    command: ['nginx', '-c', file, '-p', folder],
    core: cores.load,
  });
  await backend.waitUntil(() => isListening(addresses.outsider, backendPort));
  return backend;
}
