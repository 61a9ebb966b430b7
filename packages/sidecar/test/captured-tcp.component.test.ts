import type { AddressInfo, Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import { createTestAuthority, eventually, type TestAuthority, type TestCertificate } from '@tulle/testkit';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type CapturedPairOptions, rule, startCapturedPair, virtualIp } from './captured-pair.ts';
import { Cleanup } from './cleanup.ts';
import { cluster, found, meshEndpoint, startRawApplication } from './proxy-pair.ts';

const cleanup = new Cleanup();
let authority: TestAuthority;
let certificate: TestCertificate;
beforeAll(async () => {
  authority = await createTestAuthority();
  certificate = await authority.issue({ spiffeId: 'spiffe://cluster.local/ns/a/sa/app' });
});
afterEach(() => cleanup.run());

/** No line of HTTP, and no TLS. */
const opaqueBytes = Buffer.from([0, 1, 2, 255, 254]);

/** Echoes, and says goodbye when the client has ended. */
const echoUntilEnd = (socket: Socket) => {
  socket.on('data', (chunk) => socket.write(chunk));
  socket.on('end', () => socket.end('bye'));
};

describe.each(['socket', 'handle'] as const)('captured bytes on the %s backend', (backend) => {
  async function start(
    onConnection: (socket: Socket, number: number) => void,
    options: Partial<CapturedPairOptions> = {},
  ) {
    const appPort = await startRawApplication(cleanup, onConnection);
    return { ...(await startCapturedPair({ backend, authority, cleanup, ...options }, appPort)), appPort };
  }

  it('go through mutual TLS as they are, and leave the other direction open after an end', async () => {
    const { client, server, dial } = await start(echoUntilEnd);
    const app = dial();
    app.send(opaqueBytes);
    await eventually(() => expect(app.bytes).toBe(5));
    app.socket.end();
    await app.until('bye');
    await app.untilEnd();
    await eventually(() => expect(app.isClosed).toBe(true));
    const labels = ['security="mtls"', 'protocol="tcp"'];
    for (const sidecar of [client, server]) {
      await eventually(() =>
        expect(sidecar.sum('tulle_tcp_connections_closed_total', [...labels, 'flag=""'])).toBe(1),
      );
      expect(sidecar.sum('tulle_tcp_connections_opened_total', labels)).toBe(1);
      expect(sidecar.sum('tulle_tcp_sent_bytes_total', labels)).toBe(5);
      expect(sidecar.sum('tulle_tcp_received_bytes_total', labels)).toBe(8);
    }
  });

  it('reach the client where the server speaks first', async () => {
    const { dial } = await start((socket) => {
      socket.write('220 ready\r\n');
      socket.on('data', (chunk) => socket.end(`got ${chunk}`));
    });
    for (const attempt of [1, 2, 3]) {
      const app = dial();
      await app.until('220 ready');
      app.send(`hello ${attempt}`);
      expect(await app.until('got')).toContain(`got hello ${attempt}`);
    }
  });

  it('are not looked at where the service says that it speaks TCP', async () => {
    const received: string[] = [];
    const onConnection = (socket: Socket) => {
      socket.on('data', (chunk) => void received.push(chunk.toString()));
    };
    const { client, dial } = await start(onConnection, { protocol: 'tcp' });
    dial().send('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    await eventually(() => expect(received.join('')).toBe('GET / HTTP/1.1\r\nhost: a\r\n\r\n'));
    expect(client.requests('direction="outbound"')).toBe(0);
  });

  it("carry the application's own TLS from end to end", async () => {
    const { certificatePem: cert, privateKeyPem: key } = certificate;
    const application = createTlsServer({ cert, key }, (socket) => socket.pipe(socket));
    await new Promise<void>((resolve) => application.listen(0, '127.0.0.1', resolve));
    cleanup.add(() => application.close());
    const { port } = application.address() as AddressInfo;
    const { client } = await startCapturedPair({ backend, authority, cleanup }, port);
    const socket = connectTls({
      host: '127.0.0.1',
      port: client.proxy.outboundPort,
      servername: 'app.example',
      ca: certificate.rootsPem,
      checkServerIdentity: () => undefined,
    });
    cleanup.add(() => socket.destroy());
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk.toString();
    });
    socket.write('secret');
    await eventually(() => expect(text).toBe('secret'));
    expect(socket.authorized).toBe(true);
  });

  it('stop whoever sends while nobody reads, and go on when they are read', async () => {
    const sentBytes = 64 * 1024 * 1024;
    let reader: Socket | null = null;
    let received = 0;
    const { dial } = await start((socket) => {
      reader = socket.pause();
      socket.on('data', (chunk) => {
        received += chunk.length;
      });
      socket.on('end', () => socket.end(`${received}`));
    });
    const app = dial();
    app.send(opaqueBytes);
    app.socket.end(Buffer.alloc(sentBytes - opaqueBytes.length));
    // What the kernel and the sidecars hold on the way is a small part of it.
    let before = 0;
    await eventually(
      () => {
        const { writableLength } = app.socket;
        const isStill = writableLength === before && reader !== null;
        before = writableLength;
        if (!isStill) throw new Error(`still sending: ${writableLength} bytes to go`);
      },
      { intervalMs: 300 },
    );
    expect(before).toBeGreaterThan(sentBytes / 2);
    reader!.resume();
    await eventually(() => expect(app.text).toBe(`${sentBytes}`), { timeoutMs: 20_000 });
  }, 30_000);

  it('pass a reset on in both directions', async () => {
    const closed: string[] = [];
    const { dial } = await start((socket, number) => {
      socket.on('close', () => closed.push(`connection ${number}`));
      socket.on('data', (chunk) => (chunk.includes('reset') ? socket.resetAndDestroy() : socket.write('ok')));
    });
    const one = dial();
    one.send('\0');
    await one.until('ok');
    one.socket.resetAndDestroy();
    await eventually(() => expect(closed).toContain('connection 1'));
    const other = dial();
    other.send('\0reset');
    await eventually(() => expect(other.isClosed).toBe(true));
  });

  it('pass the mesh by where the destination is outside of it, unless the mesh refuses that', async () => {
    const { client, dial, clientDestination, appPort } = await start(echoUntilEnd);
    clientDestination.current = { address: '127.0.0.1', port: appPort };
    const app = dial();
    app.send('GET / HTTP/1.1\r\n\r\n');
    expect(await app.until('\r\n\r\n')).toBe('GET / HTTP/1.1\r\n\r\n');
    expect(client.requests('direction="outbound"')).toBe(0);
    const strict = await start(echoUntilEnd, { client: { unknownDestinations: 'refuse' } });
    strict.clientDestination.current = { address: '127.0.0.1', port: appPort };
    const refused = strict.dial();
    await eventually(() => expect(refused.isClosed).toBe(true));
    expect(refused.bytes).toBe(0);
  });

  it('are reset where discovery does not answer', async () => {
    const { client, dial } = await start(echoUntilEnd);
    client.addresses.set(`${virtualIp.address}:${virtualIp.port}`, { kind: 'timeout' });
    const app = dial();
    app.send(opaqueBytes);
    await eventually(() => expect(app.isClosed).toBe(true));
    expect(app.error?.code).toBe('ECONNRESET');
  });

  it('come in plain where the port is permissive, and not where it is strict', async () => {
    const { server, dialServer, appPort } = await start((socket) => {
      socket.write('hello');
      echoUntilEnd(socket);
    });
    const read = (socket: Socket) => {
      const seen = { text: '' };
      socket.on('data', (chunk) => {
        seen.text += chunk.toString();
      });
      return seen;
    };
    const silent = read(dialServer());
    await eventually(() => expect(silent.text).toBe('hello'));
    const first = dialServer();
    const spoken = read(first);
    first.write(opaqueBytes);
    await eventually(() => expect(spoken.text).toContain('hello'));
    const closed = new Promise((resolve) => first.once('close', resolve));
    server.setRule(appPort, rule('strict'));
    await closed;
    const second = dialServer();
    const refused = new Promise((resolve) => second.once('close', resolve));
    second.write(opaqueBytes);
    await refused;
  });

  it('are not waited for without end where the port is strict', async () => {
    const { server, dialServer, appPort } = await start(echoUntilEnd, {
      server: { timeouts: { handshakeMs: 300 } },
    });
    server.setRule(appPort, rule('strict'));
    const silent = dialServer();
    await new Promise((resolve) => silent.once('close', resolve));
    expect(server.sum('tulle_tcp_connections_closed_total', ['flag="UT"'])).toBe(1);
  });

  it('go to another endpoint where one cannot be reached, which is passed over from then on', async () => {
    const { client, server, dial, appPort } = await start(echoUntilEnd);
    // Nothing listens on port 1.
    const dead = meshEndpoint(appPort, 1);
    const live = meshEndpoint(appPort, server.proxy.inboundPort);
    const key = `${virtualIp.address}:${virtualIp.port}`;
    client.addresses.set(key, found(cluster('shop/server:80', [{ ...dead, key: 'dead' }, live])));
    for (let i = 0; i < 8; i++) {
      const app = dial();
      app.send(opaqueBytes);
      await eventually(() => expect(app.bytes).toBe(5));
    }
    expect(client.proxy.describe()).toMatchObject({
      pools: expect.arrayContaining([expect.objectContaining({ isAvoided: true })]),
    });
  });

  it('are refused while more is under way than may be, and taken again afterwards', async () => {
    const { client, dial } = await start(echoUntilEnd, {
      protocol: 'tcp',
      client: { limits: { maxRequests: 1 } },
    });
    // Sixteen are always served, and the one beside them that the limit allows.
    const served = Array.from({ length: 17 }, dial);
    for (const app of served) {
      app.send('x');
      await app.until('x');
    }
    const refused = dial();
    refused.send('x');
    await eventually(() => expect(refused.isClosed).toBe(true));
    expect(client.sum('tulle_tcp_connections_closed_total', ['flag="UO"'])).toBe(1);
    served[0]!.socket.destroy();
    await eventually(() => expect(client.sum('tulle_tcp_connections_closed_total', [])).toBe(2));
    const next = dial();
    next.send('x');
    await next.until('x');
  });

  it("leave mutual TLS to the application where the port's mode is DISABLE", async () => {
    const received: Buffer[] = [];
    const { server, dial, appPort } = await start((socket) => {
      socket.on('data', (chunk) => received.push(chunk));
    });
    server.setRule(appPort, rule('disable'));
    dial().send(opaqueBytes);
    // A ClientHello, as it came.
    await eventually(() => expect(Buffer.concat(received)[0]).toBe(22));
  });
});
