/**
 * The mesh's own certificate authority: a root that stays, an intermediate under it that signs and is rotated,
 * both kept on disk. Knows nothing of who may ask for a certificate: that is the authenticator's part.
 */
import { type webcrypto, X509Certificate } from 'node:crypto';
import { formatSpiffeId, type SpiffeId, type TrustBundle } from '@tulle/model';
import { type Clock, type Logger, messageOf } from '@tulle/runtime';
import {
  authorityError,
  createAuthorityFiles,
  publishRoot,
  readAuthorityFiles,
  replaceIntermediateFile,
} from './authority-files.ts';
import {
  type AuthorityMaterial,
  backdateMs,
  createMaterial,
  createNextIntermediate,
  parseMaterial,
} from './authority-material.ts';
import { createLeaf } from './certificates.ts';
import type { TrustBundleSource } from './trust-bundle-source.ts';

const dayMs = 86_400_000;

export interface CertificateAuthorityOptions {
  readonly stateDir: string;
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
  readonly current: TrustBundle;
  readonly rootsDer: readonly Uint8Array[];
  readonly #options: CertificateAuthorityOptions;
  #material: AuthorityMaterial;
  #rotation: Promise<void> | null = null;

  /** Loads the authority of the state directory, or makes one where there is none. */
  static async open(options: CertificateAuthorityOptions): Promise<CertificateAuthority> {
    const { stateDir, trustDomain, clock, logger } = options;
    const files = await readAuthorityFiles(stateDir);
    let material: AuthorityMaterial;
    if (files === null) {
      const created = await createMaterial(trustDomain, clock.nowMs());
      await createAuthorityFiles(stateDir, created.files);
      material = created.material;
      logger.info('certificate authority created', { trustDomain, stateDir });
    } else {
      material = await parseMaterial(files, trustDomain);
      logger.info('certificate authority loaded', { trustDomain, stateDir });
    }
    const leftMs = material.root.certificate.notAfter.getTime() - clock.nowMs();
    if (leftMs <= 0) {
      throw authorityError(`the root certificate in ${stateDir} has expired: a new authority is needed`);
    }
    if (leftMs < 180 * dayMs) {
      logger.warn('root certificate expires soon', { days: Math.floor(leftMs / dayMs) });
    }
    const authority = new CertificateAuthority(options, material);
    await publishRoot(stateDir, authority.current.rootsPem[0]!);
    return authority;
  }

  private constructor(options: CertificateAuthorityOptions, material: AuthorityMaterial) {
    this.#options = options;
    this.#material = material;
    this.current = {
      trustDomain: options.trustDomain,
      rootsPem: [`${material.root.certificate.toString('pem')}\n`],
    };
    this.rootsDer = [new Uint8Array(material.root.certificate.rawData)];
  }

  get trustDomain(): string {
    return this.#options.trustDomain;
  }

  /** The root of this authority stays for as long as it runs, so that there is nothing to tell. */
  onChange(_listener: (bundle: TrustBundle) => void): () => void {
    return () => {};
  }

  certificates(): readonly AuthorityCertificate[] {
    const { root, intermediate } = this.#material;
    return [
      describe('root', root.certificate.rawData),
      describe('intermediate', intermediate.certificate.rawData),
    ];
  }

  /** Signs a leaf for an identity that someone has established; it never outlives the intermediate. */
  async sign({ publicKey, identity, dnsNames = [] }: LeafRequest): Promise<IssuedCertificate> {
    await this.#rotateWhenDue();
    const { intermediate } = this.#material;
    const nowMs = this.#options.clock.nowMs();
    const issuerEndMs = intermediate.certificate.notAfter.getTime();
    if (issuerEndMs <= nowMs) throw authorityError('the intermediate certificate has expired');
    // X.509 keeps whole seconds.
    const notBeforeMs = Math.floor((nowMs - backdateMs) / 1_000) * 1_000;
    const wantedEndMs = Math.floor(nowMs / 1_000) * 1_000 + this.#options.leafTtlSeconds * 1_000;
    const notAfterMs = Math.min(wantedEndMs, issuerEndMs);
    const spiffeId = formatSpiffeId(identity);
    const leaf = await createLeaf(intermediate, {
      publicKey,
      spiffeId,
      dnsNames,
      notBefore: new Date(notBeforeMs),
      notAfter: new Date(notAfterMs),
    });
    const chain = [leaf, intermediate.certificate];
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
    const leftMs = this.#material.intermediate.certificate.notAfter.getTime() - clock.nowMs();
    // Soon enough that leaves keep their full lifetime.
    if (leftMs > Math.max(30 * dayMs, 2 * leafTtlSeconds * 1_000)) return;
    this.#rotation ??= this.#rotate().finally(() => {
      this.#rotation = null;
    });
    await this.#rotation;
  }

  async #rotate(): Promise<void> {
    const { stateDir, trustDomain, clock, logger } = this.#options;
    const { root } = this.#material;
    const rootEndMs = root.certificate.notAfter.getTime();
    // Under a root that ends soon, a new intermediate would end no later than the present one.
    if (rootEndMs <= this.#material.intermediate.certificate.notAfter.getTime()) return;
    try {
      const next = await createNextIntermediate(trustDomain, root, clock.nowMs());
      await replaceIntermediateFile(stateDir, next.file);
      this.#material = { root, intermediate: next.pair };
      logger.info('intermediate certificate rotated', {
        notAfter: next.pair.certificate.notAfter.toISOString(),
      });
    } catch (thrown) {
      // The present one still signs; the next signing tries again.
      logger.error('intermediate certificate not rotated', { reason: messageOf(thrown) });
    }
  }
}

function describe(role: AuthorityCertificate['role'], der: ArrayBuffer): AuthorityCertificate {
  const certificate = new X509Certificate(Buffer.from(der));
  return { role, sha256: certificate.fingerprint256, notAfterMs: Date.parse(certificate.validTo) };
}
