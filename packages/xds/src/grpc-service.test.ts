import { create, fromBinary } from '@bufbuild/protobuf';
import { credentials, Metadata, Server, ServerCredentials } from '@grpc/grpc-js';
import { afterEach, expect, test } from 'vitest';
import { encodeDeltaResponse } from './delta-response.ts';
import { AggregatedDiscoveryService } from './gen/envoy/service/discovery/v3/ads_pb.ts';
import {
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
} from './gen/envoy/service/discovery/v3/discovery_pb.ts';
import { IdentityService, SignCertificateRequestSchema } from './gen/tulle/identity/v1/identity_pb.ts';
import { createGrpcClient } from './grpc-client.ts';
import { addGrpcService, grpcService } from './grpc-service.ts';

test('a discovery method has the public path and streams both ways', () => {
  expect(grpcService(AggregatedDiscoveryService).deltaAggregatedResources).toMatchObject({
    path: '/envoy.service.discovery.v3.AggregatedDiscoveryService/DeltaAggregatedResources',
    requestStream: true,
    responseStream: true,
  });
});

test('a response that is a Buffer already passes through unchanged', () => {
  const { responseSerialize } = grpcService(AggregatedDiscoveryService).deltaAggregatedResources;
  const encoded = Buffer.from([1, 2, 3]);
  expect(responseSerialize(encoded)).toBe(encoded);
  const message = create(DeltaDiscoveryResponseSchema, { nonce: '7' });
  expect(fromBinary(DeltaDiscoveryResponseSchema, responseSerialize(message)).nonce).toBe('7');
});

let stop = () => {};
afterEach(() => stop());

async function serve(server: Server): Promise<string> {
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    );
  });
  return `127.0.0.1:${port}`;
}

test('unary and bidirectional methods carry messages between a typed client and a server', async () => {
  const server = new Server();
  addGrpcService(server, IdentityService, {
    signCertificate: (call, done) =>
      done(null, Buffer.from([...[0x0a, call.request.csrDer.length], ...call.request.csrDer])),
  });
  addGrpcService(server, AggregatedDiscoveryService, {
    deltaAggregatedResources(call) {
      call.on('data', (request) => {
        const parts = { systemVersion: '', resources: [], removed: [], controlPlane: '' };
        call.write(encodeDeltaResponse({ ...parts, typeUrl: request.typeUrl, nonce: '1' }));
      });
      call.on('end', () => call.end());
    },
  });
  const target = await serve(server);
  const identity = createGrpcClient(IdentityService, { target, credentials: credentials.createInsecure() });
  const discovery = createGrpcClient(AggregatedDiscoveryService, {
    target,
    credentials: credentials.createInsecure(),
  });
  stop = () => {
    identity.close();
    discovery.close();
    server.forceShutdown();
  };
  const signed = await new Promise((resolve, reject) => {
    const request = create(SignCertificateRequestSchema, { csrDer: Uint8Array.of(5, 6) });
    identity.signCertificate(request, new Metadata(), {}, (error, value) =>
      error === null ? resolve(value) : reject(error),
    );
  });
  expect(signed).toMatchObject({ certificateChainDer: [Buffer.from([5, 6])] });
  const stream = discovery.deltaAggregatedResources();
  const answered = new Promise<DeltaDiscoveryResponse>((resolve) => stream.once('data', resolve));
  stream.write(create(DeltaDiscoveryRequestSchema, { typeUrl: 't' }));
  expect(await answered).toMatchObject({ typeUrl: 't', nonce: '1' });
  const ended = new Promise((resolve) => stream.once('end', resolve));
  stream.end();
  await ended;
});
