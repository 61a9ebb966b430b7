import {
  createTestAuthority,
  eventually,
  Mesh,
  metricSum,
  pod,
  type RunningProcess,
  sidecarMetrics,
} from '@tulle/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Application, startApplication } from './src/application.ts';
import { send } from './src/client.ts';
import { dialInPlain, dialMeshPort, type PeerOutcome, signWithMeshAuthority } from './src/mesh-peer.ts';
import { startRogueServer } from './src/rogue-server.ts';

const client = pod('client');
const server = pod('server');
/** Announced as the server's account; what listens there is somebody else. */
const impostor = pod('impostor', 'server');
const stranger = pod('stranger', 'server');
const clientId = 'spiffe://cluster.local/ns/shop/sa/client';

describe('a peer that is not who it should be', () => {
  let mesh: Mesh;
  let application: Application;
  let serverSidecar: RunningProcess;
  let clientSidecar: RunningProcess;

  beforeAll(async () => {
    const pods = [client, server, impostor, stranger];
    mesh = await Mesh.create({ pods });
    await mesh.apply({
      pods,
      services: { server: ['server'], impostor: ['impostor'], stranger: ['stranger'] },
    });
    await mesh.startControlPlane();
    application = await startApplication('server', server.address);
    const sidecars = await mesh.startSidecars(client, server);
    clientSidecar = sidecars[0]!;
    serverSidecar = sidecars[1]!;
  });

  afterAll(async () => {
    await application?.close();
    await mesh?.[Symbol.asyncDispose]();
  });

  describe('as a client of the mesh port', () => {
    const refusals = async (reason: string) =>
      metricSum(await sidecarMetrics(server), 'tulle_connections_refused_total', {
        direction: 'inbound',
        reason,
      });
    const logged = (reason: string) =>
      serverSidecar.log.filter((line) => line.msg === 'inbound connection refused' && line.reason === reason)
        .length;
    const isRefused = async (reason: string, dial: () => Promise<PeerOutcome>) => {
      const before = {
        refusals: await refusals(reason),
        requests: application.requests,
        logged: logged(reason),
      };
      const outcome = await dial();
      expect(outcome.status).toBeNull();
      expect(outcome.ending).not.toContain('still open');
      await eventually(async () => {
        expect(await refusals(reason)).toBe(before.refusals + 1);
        expect(logged(reason)).toBe(before.logged + 1);
      });
      expect(application.requests).toBe(before.requests);
    };

    it('is let in with the right root and an identity of the trust domain', async () => {
      const credentials = await signWithMeshAuthority(mesh.stateDirectory, clientId);
      expect((await dialMeshPort(server.address, credentials)).status).toBe(200);
    });

    it('is refused in plain', () => isRefused('plaintext', () => dialInPlain(server.address)));

    it('is refused without a certificate', () =>
      isRefused('no_certificate', () => dialMeshPort(server.address, null)));

    it('is refused with a certificate of another root, whatever it calls itself', async () => {
      const other = await createTestAuthority();
      const credentials = await other.issue({ spiffeId: clientId });
      await isRefused('untrusted', () => dialMeshPort(server.address, credentials));
    });

    it('is refused with the right root and an identity of another trust domain', async () => {
      const uri = 'spiffe://elsewhere.example/ns/shop/sa/client';
      const credentials = await signWithMeshAuthority(mesh.stateDirectory, uri);
      await isRefused('identity', () => dialMeshPort(server.address, credentials));
    });

    it('is refused with the right root and no SPIFFE identity', async () => {
      const credentials = await signWithMeshAuthority(mesh.stateDirectory, 'https://client.example/');
      await isRefused('identity', () => dialMeshPort(server.address, credentials));
    });
  });

  describe('as a server', () => {
    const isNotSpokenTo = async (host: string, reason: string) => {
      const before = clientSidecar.log.length;
      const answer = await send({ via: client.address, host, path: '/secret' });
      expect({ status: answer.status, reason: answer.headers['x-tulle-reason'] }).toEqual({
        status: 502,
        reason,
      });
      const flagged = {
        direction: 'outbound',
        destination_service: `shop/${host}:80`,
        code: '502',
        flag: 'UF',
      };
      expect(metricSum(await sidecarMetrics(client), 'tulle_requests_total', flagged)).toBe(1);
      await eventually(() => expect(JSON.stringify(clientSidecar.log.slice(before))).toContain(reason));
    };

    it('gets no request when it has the right root and the wrong identity', async () => {
      const uri = 'spiffe://cluster.local/ns/shop/sa/impostor';
      const credentials = await signWithMeshAuthority(mesh.stateDirectory, uri);
      await using rogue = await startRogueServer(impostor.address, credentials);
      await isNotSpokenTo('impostor', 'peer_identity_mismatch');
      expect(rogue.received).toBe('');
    });

    it('gets no request when it has another root, whatever it calls itself', async () => {
      const other = await createTestAuthority();
      const credentials = await other.issue({ namespace: 'shop', serviceAccount: 'server' });
      await using rogue = await startRogueServer(stranger.address, credentials);
      await isNotSpokenTo('stranger', 'tls_handshake_failed');
      expect(rogue.received).toBe('');
    });
  });
});
