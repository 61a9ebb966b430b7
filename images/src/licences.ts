import { execFile } from 'node:child_process';
import { readdir, readFile, realpath } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const rule = '='.repeat(100);

/** The npm package of Node has no licence file: this is the first part of it, and where all of it is. */
export const nodeLicence = section(
  `Node.js ${process.versions.node}`,
  `Node.js is licensed for use as follows; the licences of the libraries within it are in
https://github.com/nodejs/node/blob/v${process.versions.node}/LICENSE

Copyright Node.js contributors. All rights reserved.

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.`,
);

/** The licences of npm packages, by the folders that they are in. */
export async function licencesOfPackages(folders: readonly string[]): Promise<string> {
  const sections = await Promise.all(folders.map(licenceOfPackage));
  return [...new Set(sections)].sort().join('\n');
}

async function licenceOfPackage(folder: string): Promise<string> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {
    readonly name?: string;
    readonly version?: string;
    readonly license?: string;
  };
  const files = (await readdir(folder)).filter((file) => /^(licen[cs]e|copying|notice)/i.test(file)).sort();
  const texts = await Promise.all(files.map((file) => readFile(join(folder, file), 'utf8')));
  return section(
    `${name} ${version}, ${license ?? 'see below'}`,
    texts.length > 0 ? texts.join('\n').trim() : 'The package has no text of its licence.',
  );
}

/**
 * The licences of what comes from the machine's packages, unchanged; the sources are those of the distribution,
 * by name and version.
 */
export async function licencesOfFiles(paths: readonly string[]): Promise<string> {
  const owners = await Promise.all(paths.map(owningPackage));
  const nobodys = paths.filter((_, index) => owners[index] === null);
  const names = [...new Set(owners.filter((name) => name !== null))].sort();
  const sections = await Promise.all(names.map(licenceOfSystemPackage));
  if (nobodys.length > 0) {
    sections.push(
      section(
        'From the machine that made this image',
        `${nobodys.join('\n')}\nNo Debian package holds these; their licences are those of that machine's system.`,
      ),
    );
  }
  return sections.join('\n');
}

/** dpkg knows a file by one of its paths: with or without /usr, by the name of the link or by its target. */
async function owningPackage(path: string): Promise<string | null> {
  const target = await realpath(path);
  const candidates = [path, `/usr${path}`, target, target.replace(/^\/usr\//, '/'), `/lib/${basename(path)}`];
  for (const candidate of candidates) {
    const name = await dpkg('dpkg-query', ['-S', candidate]);
    if (name !== null) return name.split(': ')[0]!.split(',')[0]!;
  }
  return null;
}

async function licenceOfSystemPackage(name: string): Promise<string> {
  const format = ['source:Package', 'Version'].map((field) => `\${${field}}`).join(' ');
  const version = await dpkg('dpkg-query', ['-W', '-f', format, name]);
  const copyright = await readFile(`/usr/share/doc/${name.split(':')[0]}/copyright`, 'utf8').catch(
    () => `See the package ${name} of Debian.`,
  );
  return section(
    `${name.split(':')[0]} of Debian, source package ${version ?? '?'}, unchanged`,
    copyright.trim(),
  );
}

async function dpkg(command: string, args: readonly string[]): Promise<string | null> {
  try {
    return (await run(command, [...args])).stdout.trim();
  } catch {
    // Not of a package, or no Debian.
    return null;
  }
}

function section(title: string, body: string): string {
  return `${rule}\n${title}\n${rule}\n${body}\n`;
}
