import { TulleError } from '@tulle/runtime';
import type { CaptureBackend } from './capture-backend.ts';
import type { CaptureBackendName, CaptureSettings } from './capture-settings.ts';
import type { AddressFamily } from './cidr.ts';
import { type IptablesBackend, iptablesBackend } from './iptables-backend.ts';
import { nftablesBackend } from './nftables-backend.ts';
import type { RunCommand } from './run-command.ts';

/** What of netfilter's programs this image has. */
export interface FoundBackends {
  readonly iptablesNft: IptablesBackend | null;
  readonly iptablesLegacy: IptablesBackend | null;
  readonly nft: CaptureBackend | null;
}

/** Where the legacy backend keeps which tables stand; to ask iptables-legacy-save would make one. */
const legacyTables: Readonly<Record<AddressFamily, string>> = {
  4: '/proc/net/ip_tables_names',
  6: '/proc/net/ip6_tables_names',
};

export interface BackendContext {
  readonly run: RunCommand;
  /** A file's text; null where there is none. */
  readonly readText: (path: string) => string | null;
}

export async function findBackends(run: RunCommand): Promise<FoundBackends> {
  const version = async (program: string) => {
    const { code, stdout } = await run(program, ['--version']);
    return code === 0 ? stdout : null;
  };
  const [byNftName, byLegacyName, plain, nft] = await Promise.all(
    ['iptables-nft', 'iptables-legacy', 'iptables', 'nft'].map(version),
  );
  // Alpine and others install one of them under the plain name; one before 1.8 says neither, and is legacy.
  const plainIs = plain == null ? null : plain.includes('nf_tables') ? 'iptables-nft' : 'iptables-legacy';
  const iptables = (name: 'iptables-nft' | 'iptables-legacy', byName: string | null | undefined) => {
    if (byName != null) return iptablesBackend(name, { 4: name, 6: name.replace('ip', 'ip6') }, run);
    return plainIs === name ? iptablesBackend(name, { 4: 'iptables', 6: 'ip6tables' }, run) : null;
  };
  return {
    iptablesNft: iptables('iptables-nft', byNftName),
    iptablesLegacy: iptables('iptables-legacy', byLegacyName),
    nft: nft == null ? null : nftablesBackend(run),
  };
}

/** The backend that the settings name or, on `auto`, the one that fits best what the pod has already. */
export async function chooseBackend(
  wanted: CaptureSettings['backend'],
  found: FoundBackends,
  { readText }: Pick<BackendContext, 'readText'>,
): Promise<CaptureBackend> {
  if (wanted !== 'auto') {
    const named = byName(found)[wanted];
    if (named !== null) return named;
    throw notInstalled(`${wanted} is not installed`);
  }
  const { iptablesNft, iptablesLegacy, nft } = found;
  if (iptablesLegacy !== null && (await isLegacyInUse(iptablesLegacy, readText))) return iptablesLegacy;
  // A kernel may have the one and not the other.
  if (iptablesNft !== null && (iptablesLegacy === null || (await works(iptablesNft)))) return iptablesNft;
  const chosen = iptablesLegacy ?? nft;
  if (chosen === null) throw notInstalled('neither iptables nor nft is installed');
  return chosen;
}

/** Without asking the kernel, as whoever may not. */
export function likelyBackend(
  wanted: CaptureSettings['backend'],
  found: FoundBackends,
): CaptureBackend | null {
  if (wanted !== 'auto') return byName(found)[wanted];
  return found.iptablesNft ?? found.iptablesLegacy ?? found.nft;
}

/** Those that may hold rules of ours, of which to ask makes nothing. */
export function backendsInUse(
  found: FoundBackends,
  family: AddressFamily,
  { readText }: Pick<BackendContext, 'readText'>,
): readonly CaptureBackend[] {
  const legacy = hasLegacyTable(family, readText) ? found.iptablesLegacy : null;
  return [found.iptablesNft, legacy, found.nft].filter((backend) => backend !== null);
}

function byName({
  iptablesNft,
  iptablesLegacy,
  nft,
}: FoundBackends): Record<CaptureBackendName, CaptureBackend | null> {
  return { 'iptables-nft': iptablesNft, 'iptables-legacy': iptablesLegacy, nft };
}

async function isLegacyInUse(
  legacy: IptablesBackend,
  readText: BackendContext['readText'],
): Promise<boolean> {
  return hasLegacyTable(4, readText) && (await legacy.hasForeignRules(4));
}

function hasLegacyTable(family: AddressFamily, readText: BackendContext['readText']): boolean {
  return (readText(legacyTables[family]) ?? '').split('\n').includes('nat');
}

async function works(backend: CaptureBackend): Promise<boolean> {
  return await backend.standing(4).then(
    () => true,
    () => false,
  );
}

function notInstalled(what: string): TulleError {
  return new TulleError(
    'CAPTURE_NOT_PROGRAMMED',
    `${what}: install iptables (with ip6tables) or nftables in the image, or set TULLE_CAPTURE_BACKEND`,
    { source: 'config' },
  );
}
