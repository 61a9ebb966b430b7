/**
 * The mesh's certificate authority: its own, with a root that stays and an intermediate under it that signs and is
 * rotated, or an intermediate that somebody else gives and renews. Kept in a store that all replicas share. Knows
 * nothing of who may ask for a certificate: that is the authenticator's part.
 */
import { type webcrypto, X509Certificate } from 'node:crypto';
import { formatSpiffeId, type SpiffeId, type TrustBundle } from '@tulle/model';
import { type Clock, type Logger, messageOf } from '@tulle/runtime';
import {
  type EndingCertificate,
  endingCertificates,
  endOfChainMs,
  refuseExpired,
  refuseStrangers,
} from './authority-checks.ts';
import {
  type AuthorityMaterial,
  backdateMs,
  createAuthority,
  createNextIntermediate,
} from './authority-material.ts';
import {
  type AuthorityChange,
  type AuthorityStore,
  authorityError,
  type StoredAuthority,
} from './authority-store.ts';
import { createLeaf, type SigningPair } from './certificates.ts';
import { parseAuthority, parseRoots } from './parse-authority.ts';
import type { TrustBundleSource } from './trust-bundle-source.ts';

const dayMs = 86_400_000;

export interface CertificateAuthorityOptions {
  readonly store: AuthorityStore;
  readonly trustDomain: string;
  readonly leafTtlSeconds: number;
  readonly clock: Clock;
  readonly logger: Logger;
}

export interface LeafRequest {
  readonly publicKey: webcrypto.CryptoKey;
  readonly identity: SpiffeId;
  /** For servers that clients know by name too. */
  readonly dnsNames?: readonly string[];
}

export interface IssuedCertificate {
  readonly spiffeId: string;
  /** DER; the leaf first, then the intermediate, without the root. */
  readonly chainDer: readonly Uint8Array[];
  /** The same as PEM. */
  readonly chainPem: string;
  /** Hex. */
  readonly serial: string;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
}

/** What operators see of one of the authority's certificates. */
export interface AuthorityCertificate {
  readonly role: 'root' | 'intermediate';
  readonly sha256: string;
  readonly notAfterMs: number;
}

export class CertificateAuthority implements TrustBundleSource {
  readonly #options: CertificateAuthorityOptions;
  readonly #listeners = new Set<(bundle: TrustBundle) => void>();
  #material: AuthorityMaterial;
  #current: TrustBundle;
  #storeFault: string | null = null;
  #taking: Promise<void> = Promise.resolve();
  #rotation: Promise<void> | null = null;
  #warnedMs = Number.NEGATIVE_INFINITY;

  /** Loads the authority of the store, or makes one where there is none. */
  static async open(options: CertificateAuthorityOptions): Promise<CertificateAuthority> {
    const { store, trustDomain, clock, logger } = options;
    const { location } = store;
    const stored = (await store.read()) ?? (await createIn(options));
    const material = await parseAuthority(stored, { trustDomain, location });
    logger.info('certificate authority loaded', { trustDomain, location, kind: stored.kind });
    refuseExpired(material, location, clock.nowMs());
    const authority = new CertificateAuthority(options, material);
    // Sidecars were started with what was published: under other roots they could not be spoken to.
    refuseStrangers(authority.current.rootsPem, parseRoots(await store.publishedRoots()), location);
    await authority.#publish();
    store.onChange((change) => authority.#noticed(change));
    return authority;
  }

  private constructor(options: CertificateAuthorityOptions, material: AuthorityMaterial) {
    this.#options = options;
    this.#material = material;
    this.#current = bundleOf(options.trustDomain, material);
  }

  get current(): TrustBundle {
    return this.#current;
  }

  get rootsDer(): readonly Uint8Array[] {
    return this.#material.roots.map(({ rawData }) => new Uint8Array(rawData));
  }

  /** What is wrong with the stored authority, while the one that was loaded before is in use; null: nothing. */
  get storeFault(): string | null {
    return this.#storeFault;
  }

  get trustDomain(): string {
    return this.#options.trustDomain;
  }

  onChange(listener: (bundle: TrustBundle) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** What an operator has to see to soon. */
  endingCertificates(): readonly EndingCertificate[] {
    return endingCertificates(this.#material, this.#options.clock.nowMs());
  }

  certificates(): readonly AuthorityCertificate[] {
    const { roots, signer } = this.#material;
    return [
      ...roots.map(({ rawData }) => describe('root', rawData)),
      describe('intermediate', signer.certificate.rawData),
    ];
  }

  /** Signs a leaf for an identity that someone has established; it never outlives the intermediate. */
  async sign({ publicKey, identity, dnsNames = [] }: LeafRequest): Promise<IssuedCertificate> {
    await this.#rotateWhenDue();
    const { signer, chain: issuers } = this.#material;
    const issuerEndMs = endOfChainMs(this.#material);
    const nowMs = this.#options.clock.nowMs();
    this.#warnWhenEnding(nowMs);
    if (issuerEndMs <= nowMs) {
      throw authorityError(`${this.#options.store.location}: the intermediate certificate has expired`);
    }
    // X.509 keeps whole seconds.
    const notBeforeMs = Math.floor((nowMs - backdateMs) / 1_000) * 1_000;
    const wantedEndMs = Math.floor(nowMs / 1_000) * 1_000 + this.#options.leafTtlSeconds * 1_000;
    const notAfterMs = Math.min(wantedEndMs, issuerEndMs);
    const spiffeId = formatSpiffeId(identity);
    const leaf = await createLeaf(signer, {
      publicKey,
      spiffeId,
      dnsNames,
      notBefore: new Date(notBeforeMs),
      notAfter: new Date(notAfterMs),
    });
    const chain = [leaf, ...issuers];
    return {
      spiffeId,
      chainDer: chain.map((certificate) => new Uint8Array(certificate.rawData)),
      chainPem: chain.map((certificate) => `${certificate.toString('pem')}\n`).join(''),
      serial: leaf.serialNumber,
      notBeforeMs,
      notAfterMs,
    };
  }

  /**
   * Looked at when something is to be signed, since only then the intermediate matters: a timer would be late
   * after the machine has slept. Callers that arrive together share one rotation.
   */
  async #rotateWhenDue(): Promise<void> {
    const { clock, leafTtlSeconds } = this.#options;
    const { root, signer } = this.#material;
    if (root === null) return;
    const leftMs = signer.certificate.notAfter.getTime() - clock.nowMs();
    // Soon enough that leaves keep their full lifetime.
    if (leftMs > Math.max(30 * dayMs, 2 * leafTtlSeconds * 1_000)) return;
    // Under a root that ends soon, a new intermediate would end no later than the present one.
    if (root.certificate.notAfter <= signer.certificate.notAfter) return;
    this.#rotation ??= this.#rotate(root).finally(() => {
      this.#rotation = null;
    });
    await this.#rotation;
  }

  async #rotate(root: SigningPair): Promise<void> {
    const { store, trustDomain, clock, logger } = this.#options;
    try {
      const next = await createNextIntermediate(trustDomain, root, clock.nowMs());
      const stored = await store.replaceIntermediate(next.pem);
      await this.#serially(() => this.#take(stored));
    } catch (thrown) {
      // The present one still signs; the next signing tries again.
      logger.error('intermediate certificate not rotated', { reason: messageOf(thrown) });
    }
  }

  #noticed(change: AuthorityChange): void {
    const take = async () => {
      try {
        if (change.kind === 'faulty') throw authorityError(change.reason);
        await this.#take(change.stored);
        this.#storeFault = null;
      } catch (thrown) {
        this.#storeFault = messageOf(thrown);
        const reason = this.#storeFault;
        this.#options.logger.error('stored authority not taken, the one that was loaded stays', { reason });
      }
    };
    void this.#serially(take);
  }

  /** One after the other, so that the last one stays. */
  #serially(task: () => Promise<void>): Promise<void> {
    const turn = this.#taking.then(task);
    this.#taking = turn.catch(() => {});
    return turn;
  }

  /** Throws where it cannot be used, or would cut the mesh in two; what stood then stays. */
  async #take(stored: StoredAuthority): Promise<void> {
    const { store, trustDomain, clock, logger } = this.#options;
    const { location } = store;
    const next = await parseAuthority(stored, { trustDomain, location });
    refuseExpired(next, location, clock.nowMs());
    const before = this.#material.signer.certificate;
    const bundle = bundleOf(trustDomain, next);
    refuseStrangers(bundle.rootsPem, this.#current.rootsPem, location);
    this.#material = next;
    const { certificate } = next.signer;
    if (!certificate.equal(before)) {
      const notAfter = certificate.notAfter.toISOString();
      logger.info('intermediate certificate replaced', { location, notAfter });
    }
    if (bundle.rootsPem.join() === this.#current.rootsPem.join()) return;
    this.#current = bundle;
    logger.info('trust roots replaced', { location, roots: bundle.rootsPem.length });
    for (const listener of [...this.#listeners]) listener(bundle);
    await this.#publish().catch((thrown: unknown) => {
      // It is in use all the same; until the roots are known, pods that start now do not trust new ones.
      logger.error('trust roots not published yet', { location, reason: messageOf(thrown) });
    });
  }

  async #publish(): Promise<void> {
    await this.#options.store.publishRoots(this.#current.rootsPem.join(''));
  }

  /** Once a day. */
  #warnWhenEnding(nowMs: number): void {
    const { clock, logger, store } = this.#options;
    if (clock.monotonicMs() - this.#warnedMs < dayMs) return;
    const ending = endingCertificates(this.#material, nowMs);
    if (ending.length === 0) return;
    this.#warnedMs = clock.monotonicMs();
    for (const fields of ending) {
      logger.warn('certificate expires soon', { ...fields, location: store.location });
    }
  }
}

/** Another replica may have been first: then it is theirs. */
async function createIn({ store, trustDomain, clock, logger }: CertificateAuthorityOptions) {
  const made = await createAuthority(trustDomain, clock.nowMs());
  const stored = await store.create(made);
  const isOurs = stored.kind === 'own' && stored.root === made.root;
  if (isOurs) logger.info('certificate authority created', { trustDomain, location: store.location });
  return stored;
}

function bundleOf(trustDomain: string, { roots }: AuthorityMaterial): TrustBundle {
  return { trustDomain, rootsPem: roots.map((root) => `${root.toString('pem')}\n`) };
}

function describe(role: AuthorityCertificate['role'], der: ArrayBuffer): AuthorityCertificate {
  const certificate = new X509Certificate(Buffer.from(der));
  return { role, sha256: certificate.fingerprint256, notAfterMs: Date.parse(certificate.validTo) };
}
