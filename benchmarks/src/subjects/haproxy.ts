import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addresses, backendPort, cores } from '../addresses.ts';
import type { Setup } from '../cases.ts';
import { isListening, PinnedProcess } from '../measure/pinned-process.ts';
import { stopAll } from './stop-all.ts';
import type { Subject, SubjectName, Workspace } from './subject.ts';

interface Ports {
  readonly entry: number;
  readonly inner: number;
}

/** HAProxy as a forward hop; with two hops a second one behind it, HTTP/1.1 in a pool over mutual TLS. */
export function startHaproxy(setup: Setup, workspace: Workspace): Promise<Subject> {
  return setup.hops === 2
    ? startPair('haproxy', 'http/1.1', { entry: 8201, inner: 8202 }, workspace)
    : startOne(setup, workspace);
}

/** Two hops with HTTP/2 between them: where many requests share a record, HAProxy's cheaper way. */
export function startHaproxyOverH2(_setup: Setup, workspace: Workspace): Promise<Subject> {
  return startPair('haproxy-h2', 'h2', { entry: 8203, inner: 8204 }, workspace);
}

async function startOne({ protocol }: Setup, workspace: Workspace): Promise<Subject> {
  const proto = protocol === 'h1' ? '' : 'proto h2';
  const server = `${addresses.outsider}:${backendPort} ${proto}`;
  return subject('haproxy', 8201, [await start('haproxy', { port: 8201, bind: proto, server }, workspace)]);
}

async function startPair(
  name: SubjectName,
  alpn: string,
  { entry, inner }: Ports,
  workspace: Workspace,
): Promise<Subject> {
  const { folder } = workspace;
  const tls = `ca-file ${folder}/ca.crt verify required ssl-min-ver TLSv1.3 alpn ${alpn}`;
  const application = `${addresses.server}:${backendPort}`;
  const peer = `${addresses.haproxy}:${inner} ssl crt ${folder}/client.pem ${tls} verifyhost server.mesh sni str(server.mesh)`;
  const bind = `ssl crt ${folder}/server.pem ${tls}`;
  const innerHop = await start(`${name}-inner`, { port: inner, bind, server: application }, workspace);
  const entryHop = await start(name, { port: entry, bind: '', server: peer }, workspace);
  return subject(name, entry, [entryHop, innerHop]);
}

function subject(name: SubjectName, port: number, measured: readonly PinnedProcess[]): Subject {
  return { name, address: addresses.haproxy, port, measured, stop: () => stopAll(measured) };
}

async function start(
  name: string,
  { port, bind, server }: { port: number; bind: string; server: string },
  { folder }: Workspace,
): Promise<PinnedProcess> {
  const file = join(folder, `${name}.cfg`);
  // Two descriptors a connection may be more than this process may have; then HAProxy does with what it got.
  writeFileSync(
    file,
    `global
  nbthread 1
  maxconn 16000
  no strict-limits
defaults
  mode http
  timeout connect 5s
  timeout client 3600s
  timeout server 3600s
  option http-keep-alive
  http-reuse always
frontend entry
  bind ${addresses.haproxy}:${port} ${bind}
  option forwardfor
  unique-id-format %{+X}o%ci%cp%fi%fp%Ts%rt%pid
  unique-id-header X-Request-ID
  default_backend app
backend app
  server one ${server}
`,
  );
  const haproxy = new PinnedProcess(name, { command: ['haproxy', '-db', '-f', file], core: cores.proxy });
  await haproxy.waitUntil(() => isListening(addresses.haproxy, port));
  return haproxy;
}
