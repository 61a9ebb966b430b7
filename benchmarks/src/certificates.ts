import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTestAuthority, openTestAuthority, type TestAuthority } from '@tulle/testkit';

const dayMs = 86_400_000;

/** P-256 chains for the proxies that Tulle is compared with: of Tulle's own shape, made anew each run. */
export async function writeCertificates(folder: string): Promise<void> {
  const authority = await createTestAuthority();
  writeFileSync(join(folder, 'ca.crt'), authority.rootPem);
  for (const name of ['server', 'client']) await writeCertificate(authority, folder, name);
}

/** What a peer of a sidecar shows, from the authority of a control plane; in files `<name>.crt` and `<name>.key`. */
export async function writePeerCertificate(
  stateFolder: string,
  { folder, name }: { folder: string; name: string },
): Promise<void> {
  const authority = await openTestAuthority({
    rootPem: readFileSync(join(stateFolder, 'root.pem'), 'utf8'),
    intermediateWithKeyPem: readFileSync(join(stateFolder, 'ca/intermediate-with-key.pem'), 'utf8'),
  });
  await writeCertificate(authority, folder, name);
}

async function writeCertificate(authority: TestAuthority, folder: string, name: string): Promise<void> {
  const { certificatePem, privateKeyPem } = await authority.issue({
    namespace: 'bench',
    serviceAccount: name,
    dnsNames: [`${name}.mesh`],
    notAfterMs: Date.now() + dayMs,
  });
  writeFileSync(join(folder, `${name}.crt`), certificatePem);
  writeFileSync(join(folder, `${name}.key`), privateKeyPem, { mode: 0o600 });
  writeFileSync(join(folder, `${name}.pem`), `${certificatePem}\n${privateKeyPem}`, { mode: 0o600 });
}
