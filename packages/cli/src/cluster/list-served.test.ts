import { KubernetesError, resourceTypes } from '@tulle/kubernetes';
import { expect, it } from 'vitest';
import { listServed } from './list-served.ts';

const failing = (thrown: unknown) => ({ list: () => Promise.reject(thrown) });
const answer = (status: number, reason: string) => new KubernetesError(`${status}`, { status, reason });

it('takes a kind that the cluster does not serve for one without objects, and no other failure', async () => {
  expect(await listServed(failing(answer(404, 'NotFound')), resourceTypes.httpRoutes)).toEqual([]);
  const forbidden = answer(403, 'Forbidden');
  await expect(listServed(failing(forbidden), resourceTypes.httpRoutes)).rejects.toBe(forbidden);
});
