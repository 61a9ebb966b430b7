/** What applications are told of their callers, through two sidecars; and what sidecars count of each other. */
import { createHash, X509Certificate } from 'node:crypto';
import { createTestAuthority, eventually, type TestAuthority } from '@tulle/testkit';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ForwardingSettings } from '../src/proxy/forwarded-client.ts';
import { Cleanup } from './cleanup.ts';
import { clientId, host, seenBy, serverId, startEcho, startPair } from './proxy-pair.ts';

let authority: TestAuthority;
const cleanup = new Cleanup();

beforeAll(async () => {
  authority = await createTestAuthority();
});
afterEach(() => cleanup.run());

async function open(forwarding?: ForwardingSettings) {
  const options = {
    backend: 'handle',
    authority,
    cleanup,
    ...(forwarding === undefined ? {} : { forwarding }),
  } as const;
  const pair = await startPair(options, await startEcho(cleanup));
  const { tcp } = pair;
  const seen = async (...lines: string[]): Promise<Record<string, string>> => {
    tcp.send(['GET / HTTP/1.1', 'Host: server.shop', ...lines, '', ''].join('\r\n'));
    await tcp.until('0\r\n\r\n');
    return seenBy(tcp.take()).headers;
  };
  return { ...pair, seen };
}

const spoofed = [
  'X-Forwarded-For: 1.2.3.4',
  'X-Forwarded-Client-Cert: By=x;URI=spiffe://cluster.local/ns/a/sa/root',
];

describe('headers of a request across two sidecars', () => {
  it('name the caller that was seen after those that were told, and no certificate, by default', async () => {
    const { seen } = await open();
    const plain = await seen();
    expect(plain['x-forwarded-for']).toBe(host);
    expect(plain['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
    const told = await seen(...spoofed, 'X-Request-Id: mine', 'X-Forwarded-Proto: https');
    expect(told).toMatchObject({
      'x-forwarded-for': `1.2.3.4, ${host}`,
      'x-request-id': 'mine',
      'x-forwarded-proto': 'https',
    });
    expect(told).not.toHaveProperty('x-forwarded-client-cert');
  });

  it('name the caller alone, and its verified certificate, where they are set', async () => {
    const { seen, clientIdentity } = await open({ forwardedFor: 'set', clientCert: 'set' });
    const { raw } = new X509Certificate(clientIdentity.current!.certificatePem);
    const hash = createHash('sha256').update(raw).digest('hex');
    for (const lines of [[], spoofed]) {
      expect(await seen(...lines)).toMatchObject({
        'x-forwarded-for': host,
        'x-forwarded-client-cert': `By=${serverId};Hash=${hash};URI=${clientId}`,
      });
    }
  });

  it('are kept for a request that waits, and is sent from its copy', async () => {
    const { client, tcp } = await open();
    const server = client.services.get('server.shop')!;
    let answer: (() => void) | null = null;
    client.services.set('held.shop', { kind: 'pending', wait: (done) => (answer = () => done(server)) });
    tcp.send(['GET / HTTP/1.1', 'Host: held.shop', ...spoofed, 'X-Tulle-Peer: me', '', ''].join('\r\n'));
    await eventually(() => expect(answer).not.toBeNull());
    answer!();
    await tcp.until('0\r\n\r\n');
    const { headers } = seenBy(tcp.take());
    expect(headers['x-forwarded-for']).toBe(`1.2.3.4, ${host}`);
    expect(Object.keys(headers)).not.toContain('x-forwarded-client-cert');
    expect(Object.keys(headers)).not.toContain('x-tulle-peer');
  });
});

describe('what sidecars count of each other', () => {
  it('is handshakes, full and resumed, and connections and their reuse', async () => {
    const { seen, client, server } = await open();
    await seen();
    await seen();
    const cluster = ['cluster="shop/server:80"'];
    expect(client.sum('tulle_pool_connections_opened_total', cluster)).toBe(1);
    expect(client.sum('tulle_pool_requests_reused_total', cluster)).toBe(1);
    expect(client.sum('tulle_tls_handshakes_total', ['side="upstream"', 'result="full"'])).toBe(1);
    expect(server.sum('tulle_tls_handshakes_total', ['side="inbound"', 'result="full"'])).toBe(1);
    expect(server.sum('tulle_tls_handshakes_total', ['result="failed"'])).toBe(0);
  });

  it('is the handshakes that failed, by reason', async () => {
    const { client, serverIdentity, tcp } = await open();
    serverIdentity.set(await authority.issue({ spiffeId: 'spiffe://cluster.local/ns/shop/sa/other' }));
    tcp.send('GET / HTTP/1.1\r\nHost: server.shop\r\n\r\n');
    await tcp.until('peer_identity_mismatch');
    expect(
      client.sum('tulle_tls_handshakes_total', ['side="upstream"', 'result="failed"', 'reason="identity"']),
    ).toBe(1);
    expect(client.sum('tulle_pool_connections_failed_total', ['cluster="shop/server:80"'])).toBe(1);
  });
});
