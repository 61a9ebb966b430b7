import { writeFileSync } from 'node:fs';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import type { AddressInfo, Server } from 'node:net';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { createTestAuthority, temporaryDirectory } from '@tulle/testkit';
import { afterEach, expect, test } from 'vitest';
import type { MutualTls } from '../subjects/subject.ts';
import { runChurn } from './churn.ts';

const running: { close(): unknown }[] = [];
afterEach(async () => {
  for (const one of running.splice(0)) await one.close();
});

async function listen(server: Server): Promise<number> {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  running.push(server);
  return (server.address() as AddressInfo).port;
}

const churn = (port: number, tls: MutualTls | null, resumes: boolean) =>
  runChurn({
    address: '127.0.0.1',
    port,
    tls,
    speaks: 'h1',
    authority: 'app',
    path: '/body',
    resumes,
    atOnce: 2,
    seconds: 0.1,
  });

test('each connection is used once', async () => {
  let opened = 0;
  let requests = 0;
  const server = createHttpServer((_, response) => {
    requests++;
    response.setHeader('content-length', 0).end();
  });
  server.on('connection', () => opened++);
  const result = await churn(await listen(server), null, false);
  expect(result).toMatchObject({ connections: opened, failed: 0, resumed: 0 });
  expect(requests).toBe(opened);
  expect(opened).toBeGreaterThan(0);
});

test('a connection that is cut before its answer is a failure', async () => {
  const server = createHttpServer((request) => request.socket.destroy());
  const { connections, failed } = await churn(await listen(server), null, false);
  expect(connections).toBe(0);
  expect(failed).toBeGreaterThan(0);
});

test.each([
  { resumes: false, what: 'every handshake is a full one' },
  { resumes: true, what: 'every handshake resumes a session' },
])('with mutual TLS $what', async ({ resumes }) => {
  const { server, tls, names } = await tlsServer();
  const { connections, resumed, failed } = await churn(await listen(server), tls, resumes);
  expect(failed).toBe(0);
  expect(connections).toBeGreaterThan(0);
  expect(resumed).toBe(resumes ? connections : 0);
  expect([...names]).toEqual(['server.mesh http/1.1']);
});

async function tlsServer() {
  const authority = await createTestAuthority();
  const [own, client] = await Promise.all([authority.issue(), authority.issue()]);
  const folder = await temporaryDirectory();
  running.push({ close: () => folder.remove() });
  const tls: MutualTls = {
    certificateFile: join(folder.path, 'client.crt'),
    keyFile: join(folder.path, 'client.key'),
    rootFile: join(folder.path, 'ca.crt'),
    serverName: 'server.mesh',
    alpnProtocol: 'http/1.1',
  };
  writeFileSync(tls.certificateFile, client.certificatePem);
  writeFileSync(tls.keyFile, client.privateKeyPem);
  writeFileSync(tls.rootFile, authority.rootPem);
  const names = new Set<string>();
  const server = createHttpsServer(
    {
      cert: own.certificatePem,
      key: own.privateKeyPem,
      ca: own.rootsPem,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: 'TLSv1.3',
    },
    ({ socket }, response) => {
      const { servername, alpnProtocol } = socket as TLSSocket & { servername: string };
      names.add(`${servername} ${alpnProtocol}`);
      response.setHeader('content-length', 0).end();
    },
  );
  return { server, tls, names };
}
