import 'reflect-metadata';
import { createPrivateKey, createPublicKey } from 'node:crypto';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import { expect, it } from 'vitest';
import { makeKeyAndRequest } from './key-pair.ts';

it('makes a request that proves its key, without a subject, whatever the length of the signature', async () => {
  for (let i = 0; i < 20; i++) {
    const { privateKeyPem, csrDer } = await makeKeyAndRequest();
    const request = new Pkcs10CertificateRequest(Buffer.from(csrDer));
    expect(await request.verify()).toBe(true);
    expect(request.subject).toBe('');
    expect(request.attributes).toEqual([]);
    const ownKey = createPublicKey(createPrivateKey(privateKeyPem)).export({ type: 'spki', format: 'der' });
    expect(Buffer.from(request.publicKey.rawData).equals(ownKey)).toBe(true);
  }
});
