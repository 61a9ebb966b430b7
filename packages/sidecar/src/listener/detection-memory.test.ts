import { describe, expect, it } from 'vitest';
import { DetectionMemory, firstSpeaker } from './detection-memory.ts';

const waits = { unknownMs: 100, serverFirstMs: 0, clientFirstMs: 1_000 };

describe('DetectionMemory', () => {
  it('waits by who spoke first at the destination, as seen last', () => {
    const memory = new DetectionMemory(waits);
    expect(memory.waitMs('a', null)).toBe(100);
    memory.remember('a', 'server');
    expect(memory.waitMs('a', null)).toBe(0);
    memory.remember('a', 'client');
    expect(memory.waitMs('a', null)).toBe(1_000);
    expect(memory.waitMs('b', null)).toBe(100);
  });

  it('forgets the one that was learnt first when there are too many', () => {
    const memory = new DetectionMemory(waits);
    for (let i = 0; i <= 1_024; i++) memory.remember(`destination ${i}`, 'server');
    expect(memory.waitMs('destination 0', null)).toBe(100);
    expect(memory.waitMs('destination 1', null)).toBe(0);
  });
});

describe('firstSpeaker', () => {
  it.each([
    ['http', 80, 'client'],
    ['h2c', 80, 'client'],
    ['grpc', 5432, 'client'],
    ['tcp', 80, 'server'],
    ['tls', 443, 'server'],
    ['detect', 5432, 'server'],
    ['detect', 80, null],
  ] as const)('of a port declared as %s, number %i: %s', (protocol, port, who) => {
    expect(firstSpeaker(protocol, port)).toBe(who);
  });
});
