import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@tulle/runtime';
import { eventually, type TemporaryDirectory, temporaryDirectory } from '@tulle/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileSource, type FileSourceOptions } from './file-source.ts';

const service = (name: string, port = 80) =>
  `apiVersion: v1\nkind: Service\nmetadata: { name: ${name}, namespace: shop }\nspec: { ports: [{ port: ${port} }] }\n`;

let directory: TemporaryDirectory;
let sources: FileSource[] = [];

beforeEach(async () => {
  directory = await temporaryDirectory('file-source');
});

afterEach(async () => {
  await Promise.all(sources.map((source) => source.stop()));
  sources = [];
  await directory.remove();
});

const at = (name: string) => join(directory.path, name);

async function startSource(options: Partial<FileSourceOptions> = {}): Promise<FileSource> {
  const source = new FileSource({
    directory: directory.path,
    clock: systemClock,
    logger: silentLogger,
    ...options,
  });
  sources.push(source);
  await source.start();
  return source;
}

/** The services in force as `name:port`. */
function servicesOf(source: FileSource): readonly string[] {
  return [...(source.current?.Service.values() ?? [])]
    .map(({ metadata, ports }) => `${metadata.name}:${ports[0]!.port}`)
    .sort();
}

const expectServices = (source: FileSource, ...services: readonly string[]) =>
  eventually(() => expect(servicesOf(source)).toEqual(services));

const errorsOf = (source: FileSource) =>
  source.faults.map(({ place, path, reason }) => `${place}: ${path}: ${reason}`).join('\n');

describe('FileSource, first look', () => {
  it('reads every manifest below the directory, and no hidden or temporary file', async () => {
    await mkdir(at('sub/deeper'), { recursive: true });
    await mkdir(at('.git'));
    await writeFile(at('a.yaml'), `${service('a')}---\n${service('b')}`);
    await writeFile(at('sub/deeper/c.yml'), service('c'));
    await writeFile(
      at('d.json'),
      JSON.stringify({
        apiVersion: 'v1',
        kind: 'Service',
        metadata: { name: 'd' },
        spec: { ports: [{ port: 80 }] },
      }),
    );
    for (const name of [
      '.hidden.yaml',
      '.git/x.yaml',
      'e.yaml~',
      '#e.yaml#',
      '.#e.yaml',
      'e.yaml.swp',
      'e.txt',
    ]) {
      await writeFile(at(name), service('no'));
    }
    await symlink('..', at('sub/loop'));
    const source = await startSource();
    expect(servicesOf(source)).toEqual(['a:80', 'b:80', 'c:80', 'd:80']);
    expect(source.faults).toEqual([]);
  });

  it('reports every violation with file, line, document and path', async () => {
    await writeFile(
      at('a.yaml'),
      `${service('a')}---\n${service('b', 99_999).replace('name: b', 'name: B')}`,
    );
    const source = await startSource();
    expect(source.faults).toEqual([
      {
        severity: 'error',
        place: 'a.yaml:8 (document 2)',
        path: 'metadata.name',
        reason: expect.stringMatching(/"B"/),
      },
      {
        severity: 'error',
        place: 'a.yaml:9 (document 2)',
        path: 'spec.ports[0].port',
        reason: expect.stringMatching(/99999/),
      },
    ]);
    expect(servicesOf(source)).toEqual(['a:80']);
  });

  it('lets the first file by name win and reports the other', async () => {
    await writeFile(at('b.yaml'), service('a', 81));
    await writeFile(at('a.yaml'), service('a', 80));
    const source = await startSource();
    expect(servicesOf(source)).toEqual(['a:80']);
    expect(errorsOf(source)).toMatch(/^b\.yaml:1 \(document 1\): .*shop\/a stands in a\.yaml:1/);
  });

  it('waits for a directory that is not there yet', async () => {
    const source = await startSource({ directory: at('later'), timing: { pollMs: 20 } });
    expect(source.current).toBeNull();
    expect(errorsOf(source)).toMatch(/ENOENT/);
    await mkdir(at('later'));
    await writeFile(at('later/a.yaml'), service('a'));
    await expectServices(source, 'a:80');
    await eventually(() => expect(source.faults).toEqual([]));
  });

  it('refuses a file that is too large', async () => {
    await writeFile(at('a.yaml'), `# ${'x'.repeat(5 * 1024 * 1024)}\n`);
    const source = await startSource();
    expect(errorsOf(source)).toMatch(/a\.yaml: : is too large/);
  });
});

/** Each way of noticing has to do alone: events get lost, and looking at intervals is slow. */
describe.each([
  ['by events', { isWatching: true, timing: { pollMs: 60_000 } }],
  ['by looking', { isWatching: false, timing: { pollMs: 15 } }],
])('FileSource, changes noticed %s', (_, options) => {
  it('sees files written, replaced, added and removed', async () => {
    await writeFile(at('a.yaml'), service('a'));
    const source = await startSource(options);
    await writeFile(at('a.yaml'), service('a', 81));
    await expectServices(source, 'a:81');
    await writeFile(at('a.new'), service('a', 82));
    await rename(at('a.new'), at('a.yaml'));
    await expectServices(source, 'a:82');
    await mkdir(at('sub'));
    await writeFile(at('sub/b.yaml'), service('b'));
    await expectServices(source, 'a:82', 'b:80');
    await rm(at('a.yaml'));
    await expectServices(source, 'b:80');
  });

  it('sees a change of the same length', async () => {
    await writeFile(at('a.yaml'), service('a', 80));
    const source = await startSource(options);
    for (const port of [81, 82, 83]) {
      await writeFile(at('a.yaml'), service('a', port));
      await expectServices(source, `a:${port}`);
    }
  });

  it('follows a mounted ConfigMap from one version to the next', async () => {
    for (const [version, port] of [
      ['..v1', 80],
      ['..v2', 81],
    ] as const) {
      await mkdir(at(version));
      await writeFile(at(`${version}/a.yaml`), service('a', port));
    }
    await symlink('..v1', at('..data'));
    await symlink('..data/a.yaml', at('a.yaml'));
    const source = await startSource(options);
    expect(servicesOf(source)).toEqual(['a:80']);
    await symlink('..v2', at('..data_tmp'));
    await rename(at('..data_tmp'), at('..data'));
    await expectServices(source, 'a:81');
  });

  it('keeps the last good content of a file until it is mended', async () => {
    await writeFile(at('a.yaml'), `${service('a')}---\n${service('b')}`);
    const source = await startSource(options);
    await writeFile(at('a.yaml'), `${service('a', 81)}---\n${service('b', 0)}`);
    await eventually(() =>
      expect(errorsOf(source)).toMatch(/a\.yaml:9 \(document 2\): spec\.ports\[0\]\.port/),
    );
    expect(servicesOf(source)).toEqual(['a:80', 'b:80']);
    // The rest goes on meanwhile.
    await writeFile(at('c.yaml'), service('c'));
    await expectServices(source, 'a:80', 'b:80', 'c:80');
    await writeFile(at('a.yaml'), `${service('a', 81)}---\n${service('b', 82)}`);
    await expectServices(source, 'a:81', 'b:82', 'c:80');
    expect(source.faults).toEqual([]);
  });

  it('keeps what stood while a file is empty or cut off', async () => {
    await writeFile(at('a.yaml'), `${service('a')}---\n${service('b')}`);
    const source = await startSource(options);
    await writeFile(at('a.yaml'), '');
    await eventually(() => expect(errorsOf(source)).toMatch(/a\.yaml: : is empty/));
    expect(servicesOf(source)).toEqual(['a:80', 'b:80']);
    await writeFile(at('a.yaml'), `${service('a', 81)}---\napiVersion: v1\nkind: Serv`);
    await eventually(() => expect(errorsOf(source)).toMatch(/document 2/));
    expect(servicesOf(source)).toEqual(['a:80', 'b:80']);
  });

  it('never shows a state between the steps of a writer', async () => {
    await writeFile(at('a.yaml'), `${service('a')}---\n${service('b')}`);
    const source = await startSource({
      ...options,
      timing: { ...options.timing, unfinishedSettleMs: 2_000, maxSettleMs: 5_000 },
    });
    const seen = new Set<string>();
    source.onChange(() => seen.add(servicesOf(source).join()));
    // Valid YAML at both steps: only the line that does not end tells that more will come.
    await writeFile(at('a.yaml'), service('a', 81).trimEnd());
    await writeFile(at('a.yaml'), `${service('a', 81)}---\n${service('b', 81)}`);
    await expectServices(source, 'a:81', 'b:81');
    expect([...seen].filter((state) => !state.includes('b:'))).toEqual([]);
  });
});

describe('FileSource, what must not take anything away', () => {
  it('keeps everything when the directory vanishes, and goes on when it is back', async () => {
    await mkdir(at('mesh'));
    await writeFile(at('mesh/a.yaml'), service('a'));
    const source = await startSource({ directory: at('mesh'), timing: { pollMs: 15 } });
    await rename(at('mesh'), at('elsewhere'));
    await eventually(() => expect(errorsOf(source)).toMatch(/ENOENT.*what stood stays/));
    expect(servicesOf(source)).toEqual(['a:80']);
    await mkdir(at('mesh'));
    await writeFile(at('mesh/b.yaml'), service('b'));
    await expectServices(source, 'b:80');
    await eventually(() => expect(source.faults).toEqual([]));
  });

  it('says nothing when nothing changes, and nothing after it was stopped', async () => {
    await writeFile(at('a.yaml'), service('a'));
    const source = await startSource({ timing: { pollMs: 10 } });
    const before = source.current;
    await writeFile(at('note.txt'), 'x');
    await writeFile(at('b.yaml'), '# nothing yet\n');
    await writeFile(at('c.yaml'), service('c'));
    await expectServices(source, 'a:80', 'c:80');
    let changes = 0;
    source.onChange(() => changes++);
    await source.stop();
    await writeFile(at('d.yaml'), service('d'));
    expect(servicesOf(source)).toEqual(['a:80', 'c:80']);
    expect(changes).toBe(0);
    expect(before).not.toBe(source.current);
  });
});
