import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';

const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const validityMs = 86_400_000;

/** P-256 certificates for the proxies that Tulle is compared with: what Tulle itself uses, made anew each run. */
export async function writeCertificates(folder: string): Promise<void> {
  const rootKeys = await generateKeys();
  const validity = { notBefore: new Date(Date.now() - 60_000), notAfter: new Date(Date.now() + validityMs) };
  const root = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=bench root',
    keys: rootKeys,
    signingAlgorithm: algorithm,
    extensions: [new x509.BasicConstraintsExtension(true, undefined, true)],
    ...validity,
  });
  writeFileSync(join(folder, 'ca.crt'), root.toString('pem'));
  for (const name of ['server', 'client']) {
    const keys = await generateKeys();
    const leaf = await x509.X509CertificateGenerator.create({
      subject: `CN=${name}.mesh`,
      issuer: root.subject,
      publicKey: keys.publicKey,
      signingKey: rootKeys.privateKey,
      signingAlgorithm: algorithm,
      extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: `${name}.mesh` }])],
      ...validity,
    });
    const pkcs8 = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
    const keyPem = x509.PemConverter.encode(pkcs8, 'PRIVATE KEY');
    writeFileSync(join(folder, `${name}.crt`), leaf.toString('pem'));
    writeFileSync(join(folder, `${name}.key`), keyPem, { mode: 0o600 });
    writeFileSync(join(folder, `${name}.pem`), `${leaf.toString('pem')}\n${keyPem}`, { mode: 0o600 });
  }
}

function generateKeys(): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
}
