/** The Dockerfiles and the archives are two ways to the same image. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { appFolder, imageNames, imageSpecs } from './image-specs.ts';
import { environment } from './oci-archive.ts';

const root = join(import.meta.dirname, '../..');
const pinnedNode = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).devDependencies.node;

/** Instruction and argument of each line of the last stage. */
function lastStage(name: string): readonly (readonly [string, string])[] {
  const lines = readFileSync(join(root, 'images', `${name}.Dockerfile`), 'utf8').split('\n');
  const from = lines.findLastIndex((line) => line.startsWith('FROM '));
  return lines
    .slice(from)
    .filter((line) => line !== '')
    .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)] as const);
}

test.each(imageNames)('the Dockerfile of %s starts what the archive starts, as the same user', (name) => {
  const spec = imageSpecs[name];
  const said = new Map(lastStage(name));
  expect(JSON.parse(said.get('ENTRYPOINT')!)).toEqual(spec.entrypoint);
  expect(said.get('USER')).toBe(`${spec.userId}:${spec.userId}`);
  expect(said.get('WORKDIR')).toBe(appFolder);
  expect([said.get('ENV')]).toEqual(environment);
});

test.each(imageNames)('the Dockerfile of %s copies the layers of the archive, in their order', (name) => {
  const copied = lastStage(name)
    .filter(([instruction]) => instruction === 'COPY')
    .map(([, argument]) => /^--from=build \/layers\/([^/]+)\/ \/$/.exec(argument)?.[1]);
  expect(copied).toEqual(['base', ...(imageSpecs[name].hasNetfilter ? ['netfilter'] : []), name]);
});

test.each(imageNames)('the Dockerfile of %s builds on the Node that the project pins', (name) => {
  const text = readFileSync(join(root, 'images', `${name}.Dockerfile`), 'utf8');
  expect(text).toContain(`FROM node:${pinnedNode}-`);
  expect(text).toContain(`--only ${name} --unpacked`);
});
