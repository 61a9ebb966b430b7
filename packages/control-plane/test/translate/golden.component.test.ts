import { readdirSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { translate } from '../../src/translate/translate.ts';
import { readResources } from './read-resources.ts';

/**
 * Pairs of `<case>.in.yaml` and `<case>.out.yaml`: resources in, mesh and statuses out. `UPDATE_GOLDEN=1`
 * writes the outs anew; read the difference before committing it.
 */
const directory = join(import.meta.dirname, '../../testdata/translate');
const cases = readdirSync(directory)
  .filter((name) => name.endsWith('.in.yaml'))
  .map((name) => name.slice(0, -'.in.yaml'.length));
const isUpdating = process.env.UPDATE_GOLDEN === '1';

describe('translate', () => {
  it.each(cases)('%s', async (name) => {
    const input = await readFile(join(directory, `${name}.in.yaml`), 'utf8');
    const { mesh, statuses } = translate(readResources(input, `${name}.in.yaml`), {
      trustDomain: 'cluster.local',
      clusterDomain: 'cluster.local',
      meshNamespace: 'tulle-system',
    });
    const actual = stringify({ ...mesh, statuses }, { aliasDuplicateObjects: false, lineWidth: 110 });
    const path = join(directory, `${name}.out.yaml`);
    if (isUpdating) await writeFile(path, actual);
    expect(actual).toBe(await readFile(path, 'utf8'));
  });

  it('has an input for each output, after those above have been written', () => {
    const outputs = readdirSync(directory).filter((name) => name.endsWith('.out.yaml'));
    expect(outputs.map((name) => name.slice(0, -'.out.yaml'.length))).toEqual(cases);
  });
});
