import { describe, expect, it } from 'vitest';
import { isFromThisHost } from './is-from-this-host.ts';

describe('isFromThisHost', () => {
  it.each([
    ['loopback', '127.0.10.1', '127.0.0.1', true],
    ['loopback on a dual-stack listener', '::ffff:127.0.0.1', '::ffff:127.0.0.1', true],
    ['IPv6 loopback', '::1', '::1', true],
    ['its own address', '::ffff:10.244.0.7', '::ffff:10.244.0.7', true],
    ['another pod', '::ffff:10.244.0.8', '::ffff:10.244.0.7', false],
    ['another pod by IPv6', 'fd00::8', 'fd00::7', false],
    ['an address that only looks alike', '10.127.0.1', '10.244.0.7', false],
  ])('%s', (_, remoteAddress, localAddress, expected) => {
    expect(isFromThisHost({ remoteAddress, localAddress })).toBe(expected);
  });

  it('does not take a connection that is gone for a local one', () => {
    expect(isFromThisHost({ remoteAddress: undefined, localAddress: undefined })).toBe(false);
  });
});
