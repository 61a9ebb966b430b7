import { timingSafeEqual } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import type { Violation } from '@tulle/model';
import { formatViolations } from '@tulle/model';
import { type Clock, type Component, type Logger, messageOf, Poller } from '@tulle/runtime';
import type { AuthenticationResult, Authenticator } from './authenticator.ts';
import { parseTokenFile, sha256Of, type TokenEntry } from './token-file.ts';

const maxFileBytes = 16 * 1024 * 1024;
const maxTokenChars = 8_192;
const lookEveryMs = 2_000;

export interface TokenFileOptions {
  readonly path: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Tokens from a file beside the resources, for a mesh without Kubernetes. The file is looked at on each call
 * and every two seconds; while it cannot be read or has violations, what stood before holds.
 */
export class TokenFileAuthenticator implements Authenticator, Component {
  readonly name = 'token file';
  readonly #path: string;
  readonly #logger: Logger;
  readonly #poller: Poller;
  #entries: ReadonlyMap<string, TokenEntry> = new Map();
  #violations: readonly Violation[] = [];
  #seen = '';
  #reading: Promise<void> | null = null;

  constructor({ path, clock, logger }: TokenFileOptions) {
    this.#path = path;
    this.#logger = logger;
    this.#poller = new Poller({
      name: this.name,
      read: () => this.refresh(),
      onFailed: (thrown) => logger.error('token file not looked at', { path, reason: messageOf(thrown) }),
      intervalMs: () => lookEveryMs,
      clock,
    });
  }

  /** What is wrong with the file as it stands. */
  get violations(): readonly Violation[] {
    return this.#violations;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** A file that is missing or wrong doesn't hinder the start: those who hold certificates are served. */
  async start(): Promise<void> {
    await this.#poller.start();
  }

  async stop(): Promise<void> {
    await this.#poller.stop();
  }

  async authenticate(token: string): Promise<AuthenticationResult> {
    if (token.length > maxTokenChars) return { kind: 'refused', reason: 'the token is too long' };
    await this.refresh();
    // Found by digest: what the time of a look-up might tell is of a digest that no one can choose. The digest
    // found is then compared in constant time.
    const digest = sha256Of(token);
    const entry = this.#entries.get(digest.toString('hex'));
    if (entry === undefined || !timingSafeEqual(entry.sha256, digest)) {
      return { kind: 'refused', reason: 'the token is not known' };
    }
    return {
      kind: 'accepted',
      namespace: entry.namespace,
      serviceAccount: entry.serviceAccount,
      pod: entry.pod,
      podUid: null,
    };
  }

  /** Reads the file again where it has changed; callers that arrive together share one look. */
  async refresh(): Promise<void> {
    this.#reading ??= this.#read().finally(() => {
      this.#reading = null;
    });
    await this.#reading;
  }

  async #read(): Promise<void> {
    const [path, logger] = [this.#path, this.#logger];
    const { seen, text, reason } = await readIfChanged(path, this.#seen);
    if (seen === this.#seen) return;
    this.#seen = seen;
    const parsed =
      text === null ? { ok: false as const, violations: [{ path: '', reason }] } : parseTokenFile(text);
    if (!parsed.ok) {
      this.#violations = parsed.violations;
      const violations = formatViolations(parsed.violations.slice(0, 20));
      logger.error('token file not taken', { path, violations, tokensKept: this.#entries.size });
      return;
    }
    this.#violations = [];
    this.#entries = new Map(parsed.value.map((entry) => [entry.sha256.toString('hex'), entry]));
    logger.info('token file read', { path, tokens: this.#entries.size });
  }
}

interface FileLook {
  /** Which state of the file this is. */
  readonly seen: string;
  /** Null where it has not changed or cannot be read. */
  readonly text: string | null;
  readonly reason: string;
}

async function readIfChanged(path: string, before: string): Promise<FileLook> {
  try {
    const { ino, size, mtimeNs, ctimeNs } = await stat(path, { bigint: true });
    const seen = `${ino}/${size}/${mtimeNs}/${ctimeNs}`;
    if (seen === before) return { seen, text: null, reason: '' };
    if (size > maxFileBytes) return { seen, text: null, reason: `is larger than ${maxFileBytes} bytes` };
    await using file = await open(path);
    return { seen, text: await file.readFile('utf8'), reason: '' };
  } catch (thrown) {
    return {
      seen: `unreadable: ${messageOf(thrown)}`,
      text: null,
      reason: `cannot be read (${messageOf(thrown)})`,
    };
  }
}
