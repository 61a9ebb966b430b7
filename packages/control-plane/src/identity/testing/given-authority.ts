// Must come before @peculiar/x509, whose dependency injection reads decorator metadata.
import 'reflect-metadata';
import { createPrivateKey, webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { StoredAuthority } from '../authority-store.ts';

const dayMs = 86_400_000;

/** What cert-manager and plug-ins make keys of. */
export const givenAlgorithms = {
  'P-256': { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' },
  'P-384': { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' },
  'RSA 2048': {
    name: 'RSASSA-PKCS1-v1_5',
    hash: 'SHA-256',
    modulusLength: 2_048,
    publicExponent: new Uint8Array([1, 0, 1]),
  },
  'P-521': { name: 'ECDSA', namedCurve: 'P-521', hash: 'SHA-512' },
} as const;

export interface GivenOptions {
  readonly algorithm?: keyof typeof givenAlgorithms;
  /** Default: now, for 90 days. */
  readonly nowMs?: number;
  readonly lifetimeMs?: number;
  readonly uri?: string;
  readonly isAuthority?: boolean;
}

export type GivenAuthority = Extract<StoredAuthority, { kind: 'given' }>;

interface Authority {
  readonly certificate: x509.X509Certificate;
  readonly keys: webcrypto.CryptoKeyPair;
}

/** A company's root, which signs intermediates for whoever asks. */
export class GivenRoot {
  readonly pem: string;
  readonly #root: Authority;

  private constructor(root: Authority) {
    this.#root = root;
    this.pem = `${root.certificate.toString('pem')}\n`;
  }

  static async create(nowMs = Date.now()): Promise<GivenRoot> {
    const keys = await generate('P-256');
    const certificate = await x509.X509CertificateGenerator.createSelfSigned({
      name: 'CN=company root',
      keys,
      signingAlgorithm: givenAlgorithms['P-256'],
      extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
      notBefore: new Date(nowMs - dayMs),
      notAfter: new Date(nowMs + 3_650 * dayMs),
    });
    return new GivenRoot({ certificate, keys });
  }

  async issue(options: GivenOptions = {}): Promise<GivenAuthority> {
    const {
      algorithm = 'P-256',
      nowMs = Date.now(),
      lifetimeMs = 90 * dayMs,
      uri,
      isAuthority = true,
    } = options;
    const keys = await generate(algorithm);
    const certificate = await x509.X509CertificateGenerator.create({
      subject: 'CN=mesh intermediate',
      issuer: this.#root.certificate.subjectName,
      publicKey: keys.publicKey,
      signingKey: this.#root.keys.privateKey,
      signingAlgorithm: givenAlgorithms['P-256'],
      extensions: [
        new x509.BasicConstraintsExtension(isAuthority, isAuthority ? 0 : undefined, true),
        // Not what SHA-1 of the key would be: newer issuers take another digest (RFC 7093).
        new x509.SubjectKeyIdentifierExtension('0102030405060708090a0b0c0d0e0f1011121314'),
        ...(uri === undefined
          ? []
          : [new x509.SubjectAlternativeNameExtension([{ type: 'url', value: uri }])]),
      ],
      notBefore: new Date(nowMs - 60_000),
      notAfter: new Date(nowMs + lifetimeMs),
    });
    return {
      kind: 'given',
      certificates: certificate.toString('pem'),
      privateKey: await pemOf(keys.privateKey),
      roots: this.pem,
    };
  }
}

async function generate(algorithm: keyof typeof givenAlgorithms): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(givenAlgorithms[algorithm], true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
}

async function pemOf(key: webcrypto.CryptoKey): Promise<string> {
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', key));
  const pem = createPrivateKey({ key: der, format: 'der', type: 'pkcs8' });
  return pem.export({ format: 'pem', type: 'pkcs8' }) as string;
}
