import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createTestAuthority } from '@tulle/testkit';

const dayMs = 86_400_000;

/** P-256 chains for the proxies that Tulle is compared with: of Tulle's own shape, made anew each run. */
export async function writeCertificates(folder: string): Promise<void> {
  const authority = await createTestAuthority();
  writeFileSync(join(folder, 'ca.crt'), authority.rootPem);
  for (const name of ['server', 'client']) {
    const { certificatePem, privateKeyPem } = await authority.issue({
      serviceAccount: name,
      dnsNames: [`${name}.mesh`],
      notAfterMs: Date.now() + dayMs,
    });
    writeFileSync(join(folder, `${name}.crt`), certificatePem);
    writeFileSync(join(folder, `${name}.key`), privateKeyPem, { mode: 0o600 });
    writeFileSync(join(folder, `${name}.pem`), `${certificatePem}\n${privateKeyPem}`, { mode: 0o600 });
  }
}
