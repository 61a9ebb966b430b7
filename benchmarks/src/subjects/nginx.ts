import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addresses, backendPort, cores } from '../addresses.ts';
import type { Setup } from '../cases.ts';
import { isListening, PinnedProcess } from '../measure/pinned-process.ts';
import { nginxStreamModule } from '../prerequisites.ts';
import { clientTls } from './client-tls.ts';
import { stopAll } from './stop-all.ts';
import type { Subject, Workspace } from './subject.ts';

const entryPort = 8101;
const innerPort = 8102;

/**
 * nginx as a forward hop; with two hops a second one behind it, HTTP/1.1 in a pool over mutual TLS. Of HTTP/2
 * it speaks only gRPC's profile to an upstream, which serves for any exchange.
 */
export async function startNginx(setup: Setup, workspace: Workspace): Promise<Subject> {
  return setup.hops === 2 ? startPair(setup, workspace) : startOne(setup, workspace);
}

async function startOne({ protocol }: Setup, workspace: Workspace): Promise<Subject> {
  const servers = http(protocol === 'h1' ? plainServer() : h2Server(), workspace);
  return subject([await start('nginx', entryPort, servers, workspace)]);
}

async function startPair({ protocol }: Setup, workspace: Workspace): Promise<Subject> {
  const isOpaque = protocol === 'tcp';
  const inner = isOpaque ? stream(innerStream(workspace)) : http(innerServer(workspace), workspace);
  const entry = isOpaque ? stream(pairedStream(workspace)) : http(pairedServer(workspace), workspace);
  const innerHop = await start('nginx-inner', innerPort, inner, workspace);
  const entryHop = await start('nginx', entryPort, entry, workspace);
  const door = { address: addresses.nginx, port: innerPort, speaks: 'h1' } as const;
  return { ...subject([entryHop, innerHop]), peerDoor: { ...door, tls: clientTls(workspace, 'http/1.1') } };
}

function subject(measured: readonly PinnedProcess[]): Subject {
  return {
    name: 'nginx',
    address: addresses.nginx,
    port: entryPort,
    measured,
    stop: () => stopAll(measured),
  };
}

const keepAlive = 'keepalive 1024; keepalive_requests 1000000000; keepalive_timeout 3600s;';

function plainServer(): string {
  return `upstream app { server ${addresses.outsider}:${backendPort}; ${keepAlive} }
  server { listen ${addresses.nginx}:${entryPort} backlog=4096; location / { proxy_pass http://app; } }`;
}

function h2Server(): string {
  return `upstream app { server ${addresses.outsider}:${backendPort}; ${keepAlive} }
  grpc_set_header Host $http_host; grpc_set_header X-Forwarded-For $remote_addr; grpc_set_header X-Request-ID $request_id;
  grpc_buffer_size 16k;
  server { listen ${addresses.nginx}:${entryPort} http2 backlog=4096; location / { grpc_pass grpc://app; } }`;
}

function pairedServer({ folder }: Workspace): string {
  return `upstream peer { server ${addresses.nginx}:${innerPort}; ${keepAlive} }
  ${towardsPeer(folder)}
  server { listen ${addresses.nginx}:${entryPort} backlog=4096; location / { proxy_pass https://peer; } }`;
}

function innerServer({ folder }: Workspace): string {
  return `upstream app { server ${addresses.server}:${backendPort}; ${keepAlive} }
  ${fromPeer(folder)}
  server { listen ${addresses.nginx}:${innerPort} ssl backlog=4096; location / { proxy_pass http://app; } }`;
}

function pairedStream({ folder }: Workspace): string {
  return `upstream peer { server ${addresses.nginx}:${innerPort}; }
  ${towardsPeer(folder)}
  server { listen ${addresses.nginx}:${entryPort} backlog=4096; proxy_ssl on; proxy_pass peer; }`;
}

function innerStream({ folder }: Workspace): string {
  return `upstream app { server ${addresses.server}:${backendPort}; }
  ${fromPeer(folder)}
  server { listen ${addresses.nginx}:${innerPort} ssl backlog=4096; proxy_pass app; }`;
}

function towardsPeer(folder: string): string {
  return `proxy_ssl_certificate ${folder}/client.crt; proxy_ssl_certificate_key ${folder}/client.key; proxy_ssl_trusted_certificate ${folder}/ca.crt;
  proxy_ssl_verify on; proxy_ssl_name server.mesh; proxy_ssl_server_name on; proxy_ssl_protocols TLSv1.3; proxy_ssl_session_reuse on;`;
}

function fromPeer(folder: string): string {
  return `ssl_certificate ${folder}/server.crt; ssl_certificate_key ${folder}/server.key; ssl_protocols TLSv1.3; ssl_session_cache shared:S:10m;
  ssl_client_certificate ${folder}/ca.crt; ssl_verify_client on;`;
}

function http(servers: string, { folder }: Workspace): string {
  return `http {
  access_log off; tcp_nodelay on; keepalive_timeout 3600s; keepalive_requests 1000000000; client_max_body_size 100m;
  proxy_http_version 1.1; proxy_set_header Connection ""; proxy_set_header Host $http_host;
  proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Request-ID $request_id;
  proxy_buffer_size 8k; proxy_buffers 16 16k; proxy_busy_buffers_size 64k; proxy_max_temp_file_size 0; proxy_request_buffering off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy;
  ${servers}
}`;
}

/** Debian builds it as a module of its own. */
function stream(servers: string): string {
  return `stream {
  tcp_nodelay on; proxy_timeout 3600s;
  ${servers}
}`;
}

async function start(
  name: string,
  port: number,
  block: string,
  { folder }: Workspace,
): Promise<PinnedProcess> {
  const file = join(folder, `${name}.conf`);
  const modules = block.startsWith('stream') ? `load_module ${nginxStreamModule}; ` : '';
  writeFileSync(
    file,
    `${modules}daemon off; worker_processes 1; worker_rlimit_nofile 20000; pid ${folder}/${name}.pid; error_log ${folder}/${name}.err warn;
events { worker_connections 16384; multi_accept on; }
${block}
`,
  );
  const nginx = new PinnedProcess(name, { command: ['nginx', '-c', file, '-p', folder], core: cores.proxy });
  await nginx.waitUntil(() => isListening(addresses.nginx, port));
  return nginx;
}
