import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { addresses, backendPort, cores } from '../addresses.ts';
import { applicationBody, applicationPaths } from '../application.ts';
import type { Setup } from '../cases.ts';
import { isListening, PinnedProcess } from '../measure/pinned-process.ts';
import type { Workspace } from './subject.ts';

/** The application behind every subject: nginx, or for gRPC nghttpd, which can answer with trailers. */
export async function startBackend(setup: Setup, { folder }: Workspace): Promise<PinnedProcess> {
  const root = join(folder, 'www');
  const file = join(root, applicationPaths[setup.protocol]);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, applicationBody(setup.protocol, setup.bodyBytes));
  const command = setup.protocol === 'grpc' ? grpcServer(folder, root) : nginx(setup, folder, root);
  const backend = new PinnedProcess('backend', { command, core: cores.load });
  await backend.waitUntil(() => isListening(addresses.outsider, backendPort));
  return backend;
}

function nginx({ protocol, bodyBytes }: Setup, folder: string, root: string): string[] {
  const file = join(folder, 'backend.conf');
  const http2 = protocol === 'h2c' ? 'http2 ' : '';
  // A worker of another user could not read from the run's folder; only root may say so.
  const user = process.getuid?.() === 0 ? 'user root; ' : '';
  // Small bodies come from memory; nginx's configuration can't hold large ones.
  const body = bodyBytes <= 1024 ? `return 200 '${'a'.repeat(bodyBytes)}';` : `root ${root};`;
  writeFileSync(
    file,
    `${user}daemon off; worker_processes 1; worker_rlimit_nofile 20000; pid ${folder}/backend.pid; error_log ${folder}/backend.err warn;
events { worker_connections 8192; multi_accept on; }
http {
  access_log off; sendfile on; tcp_nopush on; tcp_nodelay on; keepalive_timeout 3600s; keepalive_requests 1000000000;
  open_file_cache max=100; default_type text/plain;
  server {
    listen ${addresses.server}:${backendPort} ${http2}backlog=4096;
    listen ${addresses.outsider}:${backendPort} ${http2}backlog=4096;
    location = ${applicationPaths[protocol]} { ${body} }
  }
}
`,
  );
  return ['nginx', '-c', file, '-p', folder];
}

function grpcServer(folder: string, root: string): string[] {
  const types = join(folder, 'mime.types');
  writeFileSync(types, 'application/grpc grpc\n');
  const options = ['--no-tls', '--no-content-length', '--trailer=grpc-status: 0'];
  // Windows and streams enough for a proxy that sends everything over one connection.
  options.push('-m', '1000', '-w', '20', '-W', '24', `--mime-types-file=${types}`);
  return ['nghttpd', ...options, '-a', addresses.outsider, '-d', root, String(backendPort)];
}
