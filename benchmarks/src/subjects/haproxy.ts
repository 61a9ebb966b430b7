import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addresses, backendPort, cores } from '../addresses.ts';
import { isListening, PinnedProcess } from '../measure/pinned-process.ts';
import type { CaseName, Subject, Workspace } from './subject.ts';

const entryPort = 8201;
const innerPort = 8202;

/** HAProxy as a forward hop; with `two-hop-mtls` a second one behind it, HTTP/1.1 in a pool over mutual TLS. */
export async function startHaproxy(name: CaseName, workspace: Workspace): Promise<Subject> {
  const isPair = name === 'two-hop-mtls';
  const { folder } = workspace;
  const inner = isPair
    ? [
        await start(
          'haproxy-inner',
          { port: innerPort, bind: innerBind(folder), server: `${addresses.server}:${backendPort}` },
          workspace,
        ),
      ]
    : [];
  const server = isPair ? peerServer(folder) : `${addresses.outsider}:${backendPort}`;
  const entry = await start('haproxy', { port: entryPort, bind: '', server }, workspace);
  const measured = [entry, ...inner];
  return {
    name: 'haproxy',
    url: `http://${addresses.haproxy}:${entryPort}/`,
    measured,
    stop: async () => void (await Promise.all(measured.map((one) => one.stop()))),
  };
}

function peerServer(folder: string): string {
  return `${addresses.haproxy}:${innerPort} ssl crt ${folder}/client.pem ca-file ${folder}/ca.crt verify required verifyhost server.mesh sni str(server.mesh) ssl-min-ver TLSv1.3`;
}

function innerBind(folder: string): string {
  return `ssl crt ${folder}/server.pem ca-file ${folder}/ca.crt verify required ssl-min-ver TLSv1.3`;
}

async function start(
  name: string,
  { port, bind, server }: { port: number; bind: string; server: string },
  { folder }: Workspace,
): Promise<PinnedProcess> {
  const file = join(folder, `${name}.cfg`);
  writeFileSync(
    file,
    `global
  nbthread 1
  maxconn 8000
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
