import { expect, test } from 'vitest';
import { readCaptureSettings } from './capture-settings.ts';

test('without settings, all but the sidecar and its own ports is captured', () => {
  expect(readCaptureSettings({})).toEqual({
    outboundPort: 15_001,
    inboundPort: 15_006,
    proxyUid: 1_337,
    proxyGid: 1_337,
    excludedInboundPorts: [15_000, 15_020, 15_006].map((port) => ({ first: port, last: port })),
    excludedOutboundPorts: [],
    excludedOutboundCidrs: [],
    includedOutboundCidrs: [],
    backend: 'auto',
    ipv6: 'auto',
  });
});

test('lists are divided by commas, with room', () => {
  const settings = readCaptureSettings({
    TULLE_EXCLUDED_INBOUND_PORTS: '22',
    TULLE_EXCLUDED_OUTBOUND_PORTS: ' 5432, 9000-9010,',
    TULLE_EXCLUDED_OUTBOUND_CIDRS: '10.1.2.3/16,fd00::/8',
    TULLE_METRICS_PORT: '15021',
  });
  expect(settings.excludedInboundPorts.map(({ first }) => first)).toEqual([15_000, 15_021, 15_006, 22]);
  expect(settings.excludedOutboundPorts).toEqual([
    { first: 5_432, last: 5_432 },
    { first: 9_000, last: 9_010 },
  ]);
  expect(settings.excludedOutboundCidrs).toEqual([
    { family: 4, address: '10.1.0.0', prefixLength: 16 },
    { family: 6, address: 'fd00::', prefixLength: 8 },
  ]);
});

test('the group is the user unless it is set', () => {
  expect(readCaptureSettings({ TULLE_PROXY_UID: '2000' })).toMatchObject({
    proxyUid: 2_000,
    proxyGid: 2_000,
  });
  expect(readCaptureSettings({ TULLE_PROXY_GID: '3000' })).toMatchObject({
    proxyUid: 1_337,
    proxyGid: 3_000,
  });
});

test('every fault is told at once', () => {
  const read = () =>
    readCaptureSettings({
      TULLE_OUTBOUND_PORT: '15006',
      TULLE_PROXY_UID: '0',
      TULLE_EXCLUDED_OUTBOUND_PORTS: '80,http,0,9-8',
      TULLE_INCLUDED_OUTBOUND_CIDRS: '10.0.0.0/40',
      TULLE_CAPTURE_BACKEND: 'ipfw',
    });
  expect(read).toThrow(
    'invalid environment: ' +
      'TULLE_INBOUND_PORT: must not be the outbound port too: both are captured to their own; ' +
      'TULLE_PROXY_UID: must be a whole number from 1 to 4294967294, not "0"; ' +
      'TULLE_EXCLUDED_OUTBOUND_PORTS: each must be a port or a range of ports (9000-9010), not "http"; ' +
      'TULLE_EXCLUDED_OUTBOUND_PORTS: each must be a port or a range of ports (9000-9010), not "0"; ' +
      'TULLE_EXCLUDED_OUTBOUND_PORTS: each must be a port or a range of ports (9000-9010), not "9-8"; ' +
      'TULLE_INCLUDED_OUTBOUND_CIDRS: each must be a block of addresses (10.0.0.0/8, fd00::/8), not "10.0.0.0/40"; ' +
      'TULLE_CAPTURE_BACKEND: must be one of auto, iptables-nft, iptables-legacy, nft, not "ipfw"',
  );
});

test('a list has its limit', () => {
  const ports = Array.from({ length: 129 }, (_, i) => i + 1).join(',');
  expect(() => readCaptureSettings({ TULLE_EXCLUDED_OUTBOUND_PORTS: ports })).toThrow(
    'TULLE_EXCLUDED_OUTBOUND_PORTS: may have 128 entries, not 129',
  );
});
