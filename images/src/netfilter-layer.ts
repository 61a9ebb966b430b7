import { execFile } from 'node:child_process';
import { access, readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { type BaseLayer, libraryEntry, program, text } from './base-layer.ts';
import type { Layer } from './layer.ts';
import { licencesOfFiles } from './licences.ts';
import { sharedLibrariesOf } from './shared-libraries.ts';
import type { TarEntry } from './tar.ts';

const run = promisify(execFile);
const folders = ['/usr/sbin', '/sbin'];
const multiCalls = { nft: 'xtables-nft-multi', legacy: 'xtables-legacy-multi' } as const;
const debianPackages = ['iptables', 'nftables'];

/** iptables in both its forms, nft, and what they need: for the init program. All of it comes from this machine. */
export async function netfilterLayer(base: BaseLayer): Promise<Layer> {
  const programs = await findOrInstall();
  const extensionFolder = await findExtensions(programs);
  const extensions = (await readdir(extensionFolder))
    .filter((name) => name.endsWith('.so'))
    .sort()
    .map((name) => join(extensionFolder, name));
  const libraries = (await sharedLibrariesOf([...programs, ...extensions])).filter(
    (path) => !base.libraries.has(path),
  );
  const entries: TarEntry[] = [
    ...(await Promise.all(programs.map(async (path) => program(path, await readFile(path))))),
    ...(await Promise.all([...libraries, ...extensions].map(libraryEntry))),
    ...names(dirname(programs[0]!)),
    text('licenses/netfilter.txt', await licencesOfFiles([...programs, ...libraries])),
  ];
  return { name: 'netfilter', entries };
}

/** The names by which the two programs that are many are called. */
function names(folder: string): TarEntry[] {
  const links: TarEntry[] = [];
  for (const family of ['iptables', 'ip6tables']) {
    for (const action of ['', '-save', '-restore']) {
      for (const [form, target] of Object.entries(multiCalls))
        links.push({ kind: 'link', path: join(folder, `${family}-${form}${action}`).slice(1), target });
      links.push({ kind: 'link', path: join(folder, `${family}${action}`).slice(1), target: multiCalls.nft });
    }
  }
  return links;
}

async function findOrInstall(): Promise<readonly string[]> {
  const wanted = [...Object.values(multiCalls), 'nft'];
  const found = await findPrograms(wanted);
  if (found !== null) return found;
  const howTo = `the sidecar's image needs ${wanted.join(', ')}: install ${debianPackages.join(' and ')}`;
  if (process.getuid?.() !== 0) throw new Error(`${howTo} (apt-get install ${debianPackages.join(' ')})`);
  await run('apt-get', ['install', '-y', '--no-install-recommends', ...debianPackages]).catch(
    (cause: unknown) => {
      throw new Error(`${howTo}; apt-get could not`, { cause });
    },
  );
  const installed = await findPrograms(wanted);
  if (installed === null) throw new Error(`${howTo}; what apt-get installed lacks one of them`);
  return installed;
}

async function findPrograms(wanted: readonly string[]): Promise<readonly string[] | null> {
  const found = await Promise.all(
    wanted.map((name) => firstThere(folders.map((folder) => join(folder, name)))),
  );
  return found.every((path) => path !== null) ? found : null;
}

/** Where libxtables looks for its extensions is compiled into it: beside it, below /usr. */
async function findExtensions(programs: readonly string[]): Promise<string> {
  const library = (await sharedLibrariesOf(programs)).find((path) => path.includes('/libxtables.'));
  const folder = library === undefined ? '/usr/lib' : dirname(library);
  const candidates = [`/usr${folder}/xtables`, `${folder}/xtables`, '/usr/lib/xtables', '/usr/lib64/xtables'];
  const found = await firstThere(candidates);
  if (found === null) throw new Error(`no extensions of iptables in ${candidates.join(', ')}`);
  return found;
}

async function firstThere(paths: readonly string[]): Promise<string | null> {
  for (const path of paths) {
    try {
      await access(path);
      return path;
    } catch {
      // The next one.
    }
  }
  return null;
}
