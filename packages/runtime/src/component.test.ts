import { describe, expect, it } from 'vitest';
import { systemClock } from './clock.ts';
import { type Component, startComponents } from './component.ts';
import { createLogger } from './logger.ts';

describe('startComponents', () => {
  it('starts in order and stops in reverse, each with the time that is left', async () => {
    const { component, events, options } = recorder();
    const running = await startComponents([component('a'), component('b')], options);
    await running.stop(1_000);
    expect(events).toEqual(['start a', 'start b', 'stop b', 'stop a']);
  });

  it('stops those that stand when one fails to start, and says which', async () => {
    const { component, events, options } = recorder();
    const failing = component('b', { start: () => Promise.reject(new Error('port taken')) });
    await expect(startComponents([component('a'), failing, component('c')], options)).rejects.toMatchObject({
      code: 'COMPONENT_START',
      message: 'b did not start: port taken',
    });
    expect(events).toEqual(['start a', 'stop a']);
  });

  it('goes on when one fails to stop or hangs, and logs it', async () => {
    const { component, events, lines, options } = recorder();
    const hanging = component('b', { stop: () => new Promise(() => {}) });
    const failing = component('c', { stop: () => Promise.reject(new Error('busy')) });
    const running = await startComponents([component('a'), hanging, failing], options);
    await running.stop(0);
    expect(events).toEqual(['start a', 'start b', 'start c', 'stop a']);
    expect(lines.map(({ msg, component: name }) => [msg, name])).toEqual([
      ['component failed to stop', 'c'],
      ['component did not stop in time', 'b'],
    ]);
  });

  it('stops nothing twice', async () => {
    const { component, events, options } = recorder();
    const running = await startComponents([component('a')], options);
    await Promise.all([running.stop(100), running.stop(100)]);
    expect(events).toEqual(['start a', 'stop a']);
  });
});

function recorder() {
  const events: string[] = [];
  const lines: Record<string, unknown>[] = [];
  const logger = createLogger({ level: 'warn', write: (line) => lines.push(JSON.parse(line)) });
  const component = (name: string, overrides: Partial<Component> = {}): Component => ({
    name,
    start: async () => void events.push(`start ${name}`),
    stop: async () => void events.push(`stop ${name}`),
    ...overrides,
  });
  return { component, events, lines, options: { clock: systemClock, logger } };
}
