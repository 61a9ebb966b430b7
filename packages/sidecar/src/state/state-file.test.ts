import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLogger, type LogFields, MetricsRegistry } from '@tulle/runtime';
import { eventually, FakeClock, type TemporaryDirectory, temporaryDirectory } from '@tulle/testkit';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type StateMetrics, stateMetrics } from '../control-metrics.ts';
import { StateDirectory } from './state-directory.ts';
import { decodeState, encodeState } from './state-encoding.ts';
import { StateFile } from './state-file.ts';

let base: TemporaryDirectory;
let directory: StateDirectory;
let clock: FakeClock;
let metrics: StateMetrics;
let log: LogFields[];

const owner = { workload: 'bookshop/web-0', trustDomain: 'cluster.local' };
const content = { text: 'what it was', list: [1, 2, 3] };

beforeEach(async () => {
  base = await temporaryDirectory('state');
  directory = new StateDirectory(join(base.path, 'state'), null);
  await directory.start();
  clock = new FakeClock();
  metrics = stateMetrics(new MetricsRegistry());
  log = [];
});
afterEach(() => base.remove());

const fileOf = (of = owner, maxBytes = 10_000) =>
  new StateFile({
    kind: 'configuration',
    maxBytes,
    owner: of,
    directory,
    clock,
    metrics,
    logger: createLogger({ level: 'info', write: (line) => log.push(JSON.parse(line)) }),
  });
const loads = (result: string) => metrics.loads.with('configuration', result).value;
const writes = (result: string) => metrics.writes.with('configuration', result).value;
const asItIs = (value: unknown) => value;

async function written(value: unknown = content): Promise<Buffer> {
  const file = fileOf();
  file.saveLater(() => value);
  await file.flush();
  const read = await directory.read('configuration.state', 10_000);
  return read.kind === 'read' ? read.bytes : Buffer.alloc(0);
}

async function loadOf(bytes: Uint8Array): Promise<unknown> {
  const path = join(directory.path, 'configuration.state');
  await writeFile(path, bytes);
  await chmod(path, 0o600);
  return fileOf().load(asItIs);
}

describe('StateFile', () => {
  it('gives the next life what the last one saved', async () => {
    expect(await fileOf().load(asItIs)).toBeNull();
    await written();
    expect(await fileOf().load(asItIs)).toEqual(content);
    expect([loads('none'), loads('loaded'), loads('ignored')]).toEqual([1, 1, 0]);
    expect(log).toEqual([]);
  });

  it('writes once for all changes of a second, and what was owed at the end', async () => {
    const file = fileOf();
    let value = 0;
    for (let i = 0; i < 5; i++) file.saveLater(() => ({ value }));
    value = 7;
    clock.advance(999);
    await file.load(asItIs);
    expect(writes('written')).toBe(0);
    clock.advance(1);
    await eventually(() => expect(writes('written')).toBe(1));
    expect(await fileOf().load(asItIs)).toEqual({ value: 7 });
    await file.flush();
    expect(writes('written')).toBe(1);
    file.saveLater(() => ({ value: 8 }));
    await file.flush();
    expect(await fileOf().load(asItIs)).toEqual({ value: 8 });
    expect(clock.pendingTasks).toBe(0);
  });

  it('writes less often where writing takes long', async () => {
    const file = fileOf();
    const slow = () => {
      clock.advance(100);
      return content;
    };
    file.saveLater(slow);
    await file.flush();
    file.saveLater(slow);
    clock.advance(4_900);
    expect(writes('written')).toBe(1);
    clock.advance(100);
    await eventually(() => expect(writes('written')).toBe(2));
  });

  it.each([
    ['workload', { ...owner, workload: 'bookshop/web-1' }],
    ['trust domain', { ...owner, trustDomain: 'elsewhere' }],
  ])('is not another %s’s', async (_, other) => {
    await written();
    expect(await fileOf(other).load(asItIs)).toBeNull();
    expect(log).toMatchObject([
      {
        msg: 'saved state ignored; starting as if there were none',
        reason: expect.stringContaining('is of '),
      },
    ]);
    expect(loads('ignored')).toBe(1);
  });

  it('ignores what its reader does not take', async () => {
    await written();
    const refuse = () => {
      throw new TypeError('names: must be a list');
    };
    expect(await fileOf().load(refuse)).toBeNull();
    expect(log).toMatchObject([{ reason: 'names: must be a list' }]);
  });

  it('ignores a file wherever it was cut, and whichever of its bytes was changed', async () => {
    const bytes = await written();
    for (let length = 0; length < bytes.length; length++) {
      expect(decodeState('configuration', bytes.subarray(0, length)).ok).toBe(false);
    }
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, by) => {
        const changed = Buffer.from(bytes);
        changed[at] = (changed[at]! + by) % 256;
        expect(decodeState('configuration', changed).ok).toBe(false);
      }),
      { numRuns: 500 },
    );
    expect(await loadOf(bytes.subarray(0, bytes.length - 1))).toBeNull();
    expect(log).toMatchObject([{ reason: expect.stringContaining('it was cut') }]);
  });

  it.each([
    ['nothing', Buffer.alloc(0), 'is no state file'],
    ['noise', Buffer.alloc(9_000, 0xff), 'is no state file'],
    ['more than is read', Buffer.alloc(10_001), 'more than 10000'],
    ['another kind', encodeState('certificate', {}), 'holds a certificate'],
    [
      'a newer format',
      Buffer.from(encodeState('configuration', {}).toString().replace('state 1 ', 'state 2 ')),
      'has the newer format 2; this sidecar knows 1',
    ],
    ['no object', encodeState('configuration', null), 'null'],
  ])('ignores %s', async (_, bytes, reason) => {
    expect(await loadOf(bytes)).toBeNull();
    expect(log).toMatchObject([{ reason: expect.stringContaining(reason) }]);
    expect(loads('ignored')).toBe(1);
  });

  it('says that it could not write, and serves on', async () => {
    const file = fileOf(owner, 10);
    file.saveLater(() => content);
    await file.flush();
    expect(writes('failed')).toBe(1);
    expect(log).toMatchObject([{ msg: 'state not saved; a restart may find an older one' }]);
    expect(await fileOf().load(asItIs)).toBeNull();
  });
});
