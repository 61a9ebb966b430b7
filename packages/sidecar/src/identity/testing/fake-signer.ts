import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import type { CertificateSigner } from '../certificate-signer.ts';
import type { SignedCertificate } from '../check-certificate.ts';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };

export interface FakeSignerOptions {
  readonly nowMs: () => number;
  readonly lifetimeMs: number;
}

/** A certificate authority that signs whatever it is sent, or fails as it is told. */
export class FakeSigner implements CertificateSigner {
  readonly #options: FakeSignerOptions;
  readonly #keys: webcrypto.CryptoKeyPair;
  readonly root: x509.X509Certificate;
  spiffeId = 'spiffe://cluster.local/ns/bookshop/sa/web';
  /** While set, signing fails. */
  failure: string | null = null;
  /** While set, this key is signed in place of the one that was sent. */
  otherKey: webcrypto.CryptoKey | null = null;
  requests = 0;

  private constructor(options: FakeSignerOptions, keys: webcrypto.CryptoKeyPair, root: x509.X509Certificate) {
    this.#options = options;
    this.#keys = keys;
    this.root = root;
  }

  static async create(options: FakeSignerOptions): Promise<FakeSigner> {
    const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
    const root = await x509.X509CertificateGenerator.createSelfSigned({
      name: 'CN=test root',
      keys,
      signingAlgorithm: algorithm,
      notBefore: new Date(options.nowMs() - 3_600_000),
      notAfter: new Date(options.nowMs() + 1e11),
      extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
    });
    return new FakeSigner(options, keys, root);
  }

  get rootPem(): string {
    return `${this.root.toString('pem')}\n`;
  }

  async sign(csrDer: Uint8Array): Promise<SignedCertificate> {
    this.requests++;
    if (this.failure !== null) throw new Error(this.failure);
    const request = new x509.Pkcs10CertificateRequest(Buffer.from(csrDer));
    if (!(await request.verify())) throw new Error('the request is not signed by its own key');
    const { nowMs, lifetimeMs } = this.#options;
    const leaf = await x509.X509CertificateGenerator.create({
      issuer: this.root.subject,
      publicKey: this.otherKey ?? request.publicKey,
      signingKey: this.#keys.privateKey,
      signingAlgorithm: algorithm,
      notBefore: new Date(nowMs()),
      notAfter: new Date(nowMs() + lifetimeMs),
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'url', value: this.spiffeId }], true)],
    });
    return {
      chainDer: [new Uint8Array(leaf.rawData)],
      rootsDer: [new Uint8Array(this.root.rawData)],
    };
  }
}
