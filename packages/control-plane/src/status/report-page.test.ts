import { describe, expect, it } from 'vitest';
import { HeldVersions } from '../discovery/held-versions.ts';
import { MeshSnapshot } from '../snapshot/mesh-snapshot.ts';
import type { ObjectStatus } from '../translate/translated.ts';
import { AcknowledgementReporter } from './acknowledgement-report.ts';
import { acknowledgedPage, parseReport } from './report-page.ts';

const none = new Map();

function reporter() {
  const held = new HeldVersions();
  const workload = { kind: 'workload', name: 'shop/web-1', version: '7', aliases: [], resource: {} };
  const snapshot = new MeshSnapshot(1, {
    service: none,
    peer: none,
    endpoints: none,
    routes: none,
    trustBundle: none,
    workload: new Map([['shop/web-1', workload as never]]),
  });
  const status: ObjectStatus = {
    kind: 'PeerAuthentication',
    namespace: 'shop',
    name: 'strict',
    conditions: [
      { type: 'Accepted', status: 'True', reason: 'Accepted', message: '', observedGeneration: 3 },
    ],
    resources: { kind: 'workload', names: ['shop/web-1'], clientNamespace: null },
  };
  const statuses: { current: readonly ObjectStatus[] } = { current: [status] };
  const report = new AcknowledgementReporter({
    replica: 'tulle-control-plane-1',
    instance: 'x',
    held,
    statuses: () => statuses.current,
    snapshot: () => snapshot,
  });
  return { held, statuses, report };
}

async function ask(report: AcknowledgementReporter, query = '') {
  const url = new URL(`http://admin.invalid/acknowledged${query}`);
  const { body } = await acknowledgedPage(report)({ url, body: '' });
  return parseReport(body as string);
}

describe('the page of acknowledged counts', () => {
  it('reads back as what was reported', async () => {
    const { held, report } = reporter();
    held.replace('workload', 'shop/web-1', {
      old: null,
      new: { node: 'shop/web-1', namespace: 'shop', taken: null, refused: { version: '7', reason: 'no' } },
    });
    expect(await ask(report)).toEqual({
      replica: 'tulle-control-plane-1',
      revision: 'x.1',
      objects: new Map([
        [
          'PeerAuthentication shop/strict',
          {
            generation: 3,
            proxies: 1,
            inForce: 0,
            rejected: 1,
            firstRejection: { node: 'shop/web-1', reason: 'no' },
          },
        ],
      ]),
    });
  });

  it('is not repeated to whoever has it, until something changes', async () => {
    const { held, statuses, report } = reporter();
    const { revision } = await ask(report);
    expect((await ask(report, `?revision=${revision}`)).objects).toBeNull();
    held.replace('workload', 'shop/web-1', {
      old: null,
      new: { node: 'shop/web-1', namespace: 'shop', taken: '7', refused: null },
    });
    const second = await ask(report, `?revision=${revision}`);
    expect(second.objects?.size).toBe(1);
    statuses.current = [];
    expect((await ask(report, `?revision=${second.revision}`)).objects?.size).toBe(0);
  });

  it.each([
    '',
    '[]',
    '{}',
    '{"replica":"a","revision":"1"}',
    '{"replica":"a","revision":"1","objects":{"x":{}}}',
  ])('is refused where it is %s', (text) => {
    expect(() => parseReport(text)).toThrow();
  });
});
