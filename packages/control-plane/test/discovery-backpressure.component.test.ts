import { create, fromBinary } from '@bufbuild/protobuf';
import { type LogFields, type Logger, MetricsRegistry, silentLogger } from '@tulle/runtime';
import { FakeClock } from '@tulle/testkit';
import {
  DeltaDiscoveryRequestSchema,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
  typeUrls,
} from '@tulle/xds';
import { expect, test } from 'vitest';
import { defaultDiscoveryLimits } from '../src/discovery/discovery-limits.ts';
import { createDiscoveryMetrics } from '../src/discovery/discovery-metrics.ts';
import { DiscoveryStream } from '../src/discovery/discovery-stream.ts';
import { HeldVersions } from '../src/discovery/held-versions.ts';
import { FakeSource, toldByType, webIdentity } from './discovery-harness.ts';

/** A stream over a transport that takes as many responses as it is told to. */
function streaming() {
  const source = new FakeSource();
  const clock = new FakeClock();
  const sent: DeltaDiscoveryResponse[] = [];
  const failures: string[] = [];
  const logged: { message: string; fields: LogFields | undefined }[] = [];
  const logger: Logger = { ...silentLogger, warn: (message, fields) => logged.push({ message, fields }) };
  const transport = {
    peer: '127.0.0.1:1',
    takes: Number.POSITIVE_INFINITY,
    send(response: Buffer) {
      sent.push(fromBinary(DeltaDiscoveryResponseSchema, response));
      return sent.length < transport.takes;
    },
    fail: (status: string) => failures.push(status),
  };
  const stream = new DiscoveryStream({
    id: 7,
    identity: webIdentity,
    transport,
    source,
    debounce: { quietMs: 20, maxMs: 250 },
    limits: defaultDiscoveryLimits,
    clock,
    logger,
    metrics: createDiscoveryMetrics(new MetricsRegistry()),
    controlPlane: '',
    held: new HeldVersions(),
    countStreamsOf: () => 0,
  });
  source.onChange(() => stream.onSnapshot());
  const request = (
    kind: keyof typeof typeUrls,
    init: { subscribe?: string[]; nonce?: string; nack?: string },
  ) =>
    stream.onRequest(
      create(DeltaDiscoveryRequestSchema, {
        node: { id: 'shop/web-1' },
        typeUrl: typeUrls[kind],
        resourceNamesSubscribe: init.subscribe ?? [],
        responseNonce: init.nonce ?? '',
        ...(init.nack === undefined ? {} : { errorDetail: { code: 3, message: init.nack } }),
      }),
    );
  return { source, clock, sent, failures, logged, transport, stream, request };
}

test('when the transport is full nothing is written before it has drained', () => {
  const { source, sent, transport, stream, request } = streaming();
  source.service('catalog');
  source.endpoints('catalog');
  source.publish();
  transport.takes = 1;
  request('service', { subscribe: ['*'] });
  request('endpoints', { subscribe: ['*'] });
  expect(sent.map(toldByType)).toEqual(['service +shop/catalog@1']);
  transport.takes = Number.POSITIVE_INFINITY;
  stream.onDrain();
  expect(sent.map(toldByType)).toEqual(['service +shop/catalog@1', 'endpoints +shop/catalog:80@1']);
});

test('a change is pushed after the quiet time, a steady stream of changes after the maximum', () => {
  const { source, clock, sent, request } = streaming();
  source.service('catalog');
  source.publish();
  request('service', { subscribe: ['*'] });
  request('service', { nonce: sent[0]!.nonce });
  for (let version = 2; version < 50; version++) {
    source.service('catalog', String(version));
    source.publish();
    clock.advance(10);
    if (sent.length === 2) break;
  }
  expect(clock.monotonicMs()).toBe(250);
  expect(toldByType(sent[1]!)).toBe('service +shop/catalog@26');
});

test('an ACK in time keeps the stream, none in time ends it, and an ended stream leaves no timer', () => {
  const { source, clock, sent, failures, stream, request } = streaming();
  source.service('catalog');
  source.publish();
  request('service', { subscribe: ['*'] });
  clock.advance(defaultDiscoveryLimits.ackMs - 1);
  request('service', { nonce: sent[0]!.nonce });
  clock.advance(defaultDiscoveryLimits.ackMs);
  expect(failures).toEqual([]);
  request('service', { subscribe: ['shop/catalog'] });
  clock.advance(defaultDiscoveryLimits.ackMs);
  expect(failures).toEqual(['DEADLINE_EXCEEDED']);
  expect(stream.isClosed).toBe(true);
  expect(clock.pendingTasks).toBe(0);
  source.publish();
  request('service', { subscribe: ['shop/orders'] });
  expect(sent).toHaveLength(2);
  expect(clock.pendingTasks).toBe(0);
});

test('a NACK is logged with proxy, type, resources and reason', () => {
  const { source, sent, logged, request } = streaming();
  source.service('catalog', '3');
  source.publish();
  request('service', { subscribe: ['*'] });
  request('service', { nonce: sent[0]!.nonce, nack: 'shop/catalog: ports: bad' });
  expect(logged).toEqual([
    {
      message: 'proxy rejected a response',
      fields: {
        node: 'shop/web-1',
        type: 'service',
        resources: ['shop/catalog@3'],
        version: '1',
        reason: 'shop/catalog: ports: bad',
      },
    },
  ]);
});

test('entries are compared by identity: a snapshot of the same entries costs lookups and sends nothing', () => {
  const { source, clock, sent, request } = streaming();
  source.service('catalog');
  source.publish();
  request('service', { subscribe: ['shop/catalog', 'catalog.shop'] });
  request('service', { nonce: sent[0]!.nonce });
  source.publish();
  clock.advance(1_000);
  expect(sent).toHaveLength(1);
});
