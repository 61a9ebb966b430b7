import { createPrivateKey, generateKeyPairSync, webcrypto } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { generateKeyPair, importKeyPair } from './key-pairs.ts';

const message = Buffer.from('message');

describe('generateKeyPair', () => {
  it('makes P-256 keys, and the PEM of the private one, from which the pair is had again', async () => {
    const made = await generateKeyPair();
    expect(made.privateKeyPem).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(createPrivateKey(made.privateKeyPem).asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    const imported = (await importKeyPair(made.privateKeyPem))!;
    const signature = await webcrypto.subtle.sign(imported.algorithm, imported.keys.privateKey, message);
    const { publicKey } = made.keys;
    expect(await webcrypto.subtle.verify(imported.algorithm, publicKey, signature, message)).toBe(true);
  });
});

describe('importKeyPair', () => {
  const pem = (type: 'ec' | 'rsa', options: object, encoding: 'pkcs8' | 'sec1' | 'pkcs1' = 'pkcs8') => {
    // The overloads want literal types for each kind of key.
    const generate = generateKeyPairSync as (
      type: string,
      options: object,
    ) => { privateKey: ReturnType<typeof createPrivateKey> };
    return generate(type, options).privateKey.export({ format: 'pem', type: encoding }) as string;
  };

  it.each([
    ['P-256 in SEC1', pem('ec', { namedCurve: 'P-256' }, 'sec1'), { namedCurve: 'P-256' }],
    ['P-384', pem('ec', { namedCurve: 'P-384' }), { namedCurve: 'P-384', hash: 'SHA-384' }],
    ['RSA in PKCS#1', pem('rsa', { modulusLength: 2_048 }, 'pkcs1'), { name: 'RSASSA-PKCS1-v1_5' }],
  ])('takes %s', async (_case, key, algorithm) => {
    expect(await importKeyPair(key)).toMatchObject({ algorithm });
  });

  it.each([
    ['another curve', pem('ec', { namedCurve: 'P-521' })],
    ['a short RSA key', pem('rsa', { modulusLength: 1_024 })],
    ['no key', 'nonsense'],
  ])('is null for %s', async (_case, key) => {
    expect(await importKeyPair(key)).toBeNull();
  });
});
