import { createHash } from 'node:crypto';
import type { Parsed, Violation } from '@tulle/model';
import { LineCounter, parseDocument } from 'yaml';

/** One line of the token file, its token known by digest only. */
export interface TokenEntry {
  readonly sha256: Buffer;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly pod: string | null;
}

const maxEntries = 50_000;
const dnsLabel = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;
const dnsSubdomain = /^(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*$/;
const knownKeys = ['sha256', 'token', 'namespace', 'serviceAccount', 'pod'];

export function sha256Of(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

/**
 * Reads `tokens: [{ sha256 | token, namespace, serviceAccount, pod? }]`. A violation quotes no value of the
 * file, since any of them might be a token in the wrong place.
 */
export function parseTokenFile(text: string): Parsed<readonly TokenEntry[]> {
  const lines = new LineCounter();
  // Pretty errors would quote the line, and with it a token.
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines });
  if (document.errors.length > 0) {
    const violations = document.errors.slice(0, 20).map((error) => ({
      path: `line ${lines.linePos(error.pos[0]).line}`,
      reason: `is not YAML (${error.code.toLowerCase().replaceAll('_', ' ')})`,
    }));
    return { ok: false, violations };
  }
  let content: unknown;
  try {
    content = document.toJS({ maxAliasCount: 0 });
  } catch {
    return { ok: false, violations: [{ path: '', reason: 'aliases are not taken' }] };
  }
  return parseContent(content);
}

function parseContent(content: unknown): Parsed<readonly TokenEntry[]> {
  const tokens = isRecord(content) ? content.tokens : undefined;
  if (!Array.isArray(tokens))
    return { ok: false, violations: [{ path: 'tokens', reason: 'must be a list' }] };
  if (tokens.length > maxEntries) {
    return { ok: false, violations: [{ path: 'tokens', reason: `may have ${maxEntries} entries at most` }] };
  }
  const violations: Violation[] = [];
  const entries: TokenEntry[] = [];
  const pathByDigest = new Map<string, string>();
  tokens.forEach((value: unknown, index) => {
    const path = `tokens[${index}]`;
    const entry = parseEntry(value, path, violations);
    if (entry === null) return;
    const digest = entry.sha256.toString('hex');
    const other = pathByDigest.get(digest);
    if (other !== undefined) violations.push({ path, reason: `has the same token as ${other}` });
    pathByDigest.set(digest, path);
    entries.push(entry);
  });
  return violations.length === 0 ? { ok: true, value: entries } : { ok: false, violations };
}

function parseEntry(value: unknown, path: string, violations: Violation[]): TokenEntry | null {
  if (!isRecord(value)) {
    violations.push({ path, reason: 'must be a mapping' });
    return null;
  }
  const before = violations.length;
  const check = (key: string, isRight: boolean, reason: string) => {
    if (!isRight) violations.push({ path: `${path}.${key}`, reason });
  };
  for (const key of Object.keys(value)) {
    if (!knownKeys.includes(key)) {
      violations.push({ path, reason: `may only have the fields ${knownKeys.join(', ')}` });
      break;
    }
  }
  const { sha256, token, namespace, serviceAccount, pod = null } = value;
  if ((sha256 === undefined) === (token === undefined)) {
    violations.push({ path, reason: 'must have either sha256 or token' });
  }
  if (sha256 !== undefined) check('sha256', matches(sha256, /^[0-9a-f]{64}$/i), 'must be 64 hex digits');
  if (token !== undefined) {
    check('token', matches(token, /^[\x21-\x7e]{16,8192}$/), 'must be 16 to 8192 visible ASCII characters');
  }
  check('namespace', matches(namespace, dnsLabel), 'must be a namespace name (RFC 1123 label)');
  check('serviceAccount', matches(serviceAccount, dnsSubdomain), 'must be a service account name');
  check('pod', pod === null || matches(pod, dnsSubdomain), 'must be a pod name, or absent');
  if (violations.length > before) return null;
  return {
    sha256: typeof sha256 === 'string' ? Buffer.from(sha256, 'hex') : sha256Of(token as string),
    namespace: namespace as string,
    serviceAccount: serviceAccount as string,
    pod: pod as string | null,
  };
}

function matches(value: unknown, pattern: RegExp): boolean {
  return typeof value === 'string' && pattern.test(value);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
