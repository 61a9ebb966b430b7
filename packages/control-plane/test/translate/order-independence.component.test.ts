import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { resourceSetOf } from '../../src/sources/resource-set.ts';
import { translate } from '../../src/translate/translate.ts';
import { readObjects } from './read-resources.ts';

const directory = join(import.meta.dirname, '../../testdata/translate');
const options = {
  trustDomain: 'cluster.local',
  clusterDomain: 'cluster.local',
  meshNamespace: 'tulle-system',
};

/** All cases in one mesh, so that the routes of several compete for the same services. */
const objects = readdirSync(directory)
  .filter((name) => name.endsWith('.in.yaml'))
  .flatMap((name) => readObjects(readFileSync(join(directory, name), 'utf8'), name));
// The first of each name: a set holds one, and which one is the source's business.
const distinct = [...Object.values(resourceSetOf(objects))].flatMap((byName) => [...byName.values()]);

it('gives the same mesh in whatever order the documents are read', () => {
  const expected = translate(resourceSetOf(distinct), options);
  const orders = fc.shuffledSubarray(distinct, { minLength: distinct.length });
  fc.assert(
    fc.property(orders, (shuffled) => {
      expect(translate(resourceSetOf(shuffled), options)).toEqual(expected);
    }),
    { numRuns: 50 },
  );
});
