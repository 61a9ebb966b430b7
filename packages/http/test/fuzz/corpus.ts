/**
 * Saved inputs. Those of the repository, packages/http/corpus/<target>/, are replayed by the tests; what a
 * run finds beside them goes to the working directory, and into the repository by --save.
 */
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const REPOSITORY = fileURLToPath(new URL('../../corpus/', import.meta.url));
/** Not under version control. */
const WORKING = fileURLToPath(new URL('../../../../.tulle/fuzz/', import.meta.url));

export interface SavedInput {
  readonly name: string;
  readonly bytes: Buffer;
}

export function repositoryCorpus(target: string): SavedInput[] {
  return inputsIn(join(REPOSITORY, target));
}

export function workingCorpus(target: string): SavedInput[] {
  return inputsIn(join(WORKING, 'corpus', target));
}

export function saveToWorking(target: string, input: Buffer): void {
  save(join(WORKING, 'corpus', target), nameOf(input), input);
}

/** Puts the inputs into the repository in place of those that an earlier run put there; named ones stay. */
export function saveToRepository(target: string, inputs: readonly Buffer[]): void {
  const directory = join(REPOSITORY, target);
  for (const { name } of inputsIn(directory)) if (GIVEN_NAME.test(name)) rmSync(join(directory, name));
  for (const input of inputs) save(directory, nameOf(input), input);
}

/** Gives the file's path. */
export function saveFinding(target: string, input: Buffer, report: string): string {
  const directory = join(WORKING, 'findings', target);
  const path = save(directory, nameOf(input), input);
  writeFileSync(`${path}.txt`, report);
  return path;
}

const GIVEN_NAME = /^[0-9a-f]{12}\.bin$/;

function nameOf(input: Buffer): string {
  return `${createHash('sha256').update(input).digest('hex').slice(0, 12)}.bin`;
}

function save(directory: string, name: string, bytes: Buffer): string {
  mkdirSync(directory, { recursive: true });
  const path = join(directory, name);
  writeFileSync(path, bytes);
  return path;
}

function inputsIn(directory: string): SavedInput[] {
  let names: string[];
  try {
    names = readdirSync(directory);
  } catch {
    return [];
  }
  return names
    .filter((name) => name.endsWith('.bin'))
    .toSorted()
    .map((name) => ({ name, bytes: readFileSync(join(directory, name)) }));
}
