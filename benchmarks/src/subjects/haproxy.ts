import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addresses, backendPort, cores } from '../addresses.ts';
import type { Setup } from '../cases.ts';
import { isListening, PinnedProcess } from '../measure/pinned-process.ts';
import { clientTls } from './client-tls.ts';
import { stopAll } from './stop-all.ts';
import type { Subject, SubjectName, Workspace } from './subject.ts';

interface Ports {
  readonly entry: number;
  readonly inner: number;
}

/** HAProxy as a forward hop; with two hops a second one behind it, HTTP/1.1 in a pool over mutual TLS. */
export function startHaproxy(setup: Setup, workspace: Workspace): Promise<Subject> {
  return setup.hops === 2
    ? startPair(
        'haproxy',
        setup.protocol === 'tcp' ? null : 'http/1.1',
        { entry: 8201, inner: 8202 },
        workspace,
      )
    : startOne(setup, workspace);
}

/** Two hops with HTTP/2 between them: where many requests share a record, HAProxy's cheaper way. */
export function startHaproxyOverH2(_setup: Setup, workspace: Workspace): Promise<Subject> {
  return startPair('haproxy-h2', 'h2', { entry: 8203, inner: 8204 }, workspace);
}

async function startOne({ protocol }: Setup, workspace: Workspace): Promise<Subject> {
  const proto = protocol === 'h1' ? '' : 'proto h2';
  const server = `${addresses.outsider}:${backendPort} ${proto}`;
  const hop = await start('haproxy', { mode: 'http', port: 8201, bind: proto, server }, workspace);
  return subject('haproxy', 8201, [hop]);
}

/** Without a protocol between them they carry bytes. */
async function startPair(
  name: SubjectName,
  alpn: 'http/1.1' | 'h2' | null,
  { entry, inner }: Ports,
  workspace: Workspace,
): Promise<Subject> {
  const { folder } = workspace;
  const mode = alpn === null ? 'tcp' : 'http';
  const offer = alpn === null ? '' : `alpn ${alpn}`;
  const tls = `ca-file ${folder}/ca.crt verify required ssl-min-ver TLSv1.3 ${offer}`;
  const application = `${addresses.server}:${backendPort}`;
  const peer = `${addresses.haproxy}:${inner} ssl crt ${folder}/client.pem ${tls} verifyhost server.mesh sni str(server.mesh)`;
  const bind = `ssl crt ${folder}/server.pem ${tls}`;
  const innerHop = await start(`${name}-inner`, { mode, port: inner, bind, server: application }, workspace);
  const entryHop = await start(name, { mode, port: entry, bind: '', server: peer }, workspace);
  const door = { address: addresses.haproxy, port: inner, speaks: alpn === 'h2' ? 'h2' : 'h1' } as const;
  return {
    ...subject(name, entry, [entryHop, innerHop]),
    peerDoor: { ...door, tls: clientTls(workspace, alpn ?? 'http/1.1') },
  };
}

function subject(name: SubjectName, port: number, measured: readonly PinnedProcess[]): Subject {
  return { name, address: addresses.haproxy, port, measured, stop: () => stopAll(measured) };
}

interface Hop {
  readonly mode: 'http' | 'tcp';
  readonly port: number;
  readonly bind: string;
  readonly server: string;
}

const httpOptions = { defaults: 'option http-keep-alive\n  http-reuse always', frontend: requestFields() };
const tcpOptions = { defaults: '', frontend: '' };

function requestFields(): string {
  return `option forwardfor
  unique-id-format %{+X}o%ci%cp%fi%fp%Ts%rt%pid
  unique-id-header X-Request-ID`;
}

async function start(
  name: string,
  { mode, port, bind, server }: Hop,
  { folder }: Workspace,
): Promise<PinnedProcess> {
  const file = join(folder, `${name}.cfg`);
  const { defaults, frontend } = mode === 'http' ? httpOptions : tcpOptions;
  // Two descriptors a connection may be more than this process may have; then HAProxy does with what it got.
  writeFileSync(
    file,
    `global
  nbthread 1
  maxconn 16000
  no strict-limits
defaults
  mode ${mode}
  timeout connect 5s
  timeout client 3600s
  timeout server 3600s
  ${defaults}
frontend entry
  bind ${addresses.haproxy}:${port} ${bind}
  ${frontend}
  default_backend app
backend app
  server one ${server}
`,
  );
  const haproxy = new PinnedProcess(name, { command: ['haproxy', '-db', '-f', file], core: cores.proxy });
  await haproxy.waitUntil(() => isListening(addresses.haproxy, port));
  return haproxy;
}
