import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';
import { signingAlgorithm } from '@tulle/certificates';
import { describe, expect, it } from 'vitest';
import { parseCertificateRequest } from './certificate-request.ts';

describe('parseCertificateRequest', () => {
  it('takes the key of a P-256 request and nothing else of it', async () => {
    const keys = await generate(signingAlgorithm);
    const extensions = [
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: 'spiffe://x/ns/a/sa/b' }]),
    ];
    const der = await request(keys, signingAlgorithm, { name: 'CN=root', extensions });
    const parsed = await parseCertificateRequest(der);
    if (!parsed.ok) throw new Error(parsed.reason);
    const exported = (key: webcrypto.CryptoKey) => webcrypto.subtle.exportKey('spki', key);
    expect(await exported(parsed.publicKey)).toEqual(await exported(keys.publicKey));
  });

  it('refuses a request whose signature is of another key', async () => {
    const [holder, victim] = await Promise.all([generate(signingAlgorithm), generate(signingAlgorithm)]);
    const der = await request(
      { privateKey: holder.privateKey, publicKey: victim.publicKey },
      signingAlgorithm,
    );
    expect(await reasonFor(der)).toContain('not signed by the key');
  });

  it('refuses a request that was changed after it was signed', async () => {
    const der = await request(await generate(signingAlgorithm), signingAlgorithm, { name: 'CN=aaaaaaaa' });
    der[der.indexOf(Buffer.from('aaaaaaaa'))] = 'b'.charCodeAt(0);
    expect(await reasonFor(der)).toContain('not signed by the key');
  });

  it('refuses keys other than P-256', async () => {
    const p384 = { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-256' };
    const rsa = {
      name: 'RSASSA-PKCS1-v1_5',
      hash: 'SHA-256',
      modulusLength: 2_048,
      publicExponent: new Uint8Array([1, 0, 1]),
    };
    const ed25519 = { name: 'Ed25519' };
    for (const algorithm of [p384, rsa, ed25519]) {
      expect(await reasonFor(await request(await generate(algorithm), algorithm))).toContain('P-256');
    }
  });

  it('refuses SHA-1 signatures', async () => {
    const weak = { ...signingAlgorithm, hash: 'SHA-1' };
    expect(await reasonFor(await request(await generate(weak), weak))).toContain('SHA-2');
  });

  it('refuses a point that is not on the curve', async () => {
    const keys = await generate(signingAlgorithm);
    const der = await request(keys, signingAlgorithm);
    const spki = Buffer.from(await webcrypto.subtle.exportKey('spki', keys.publicKey));
    const at = der.indexOf(spki);
    der[at + spki.length - 1]! ^= 1;
    expect(await reasonFor(der)).toBeTypeOf('string');
  });

  it('refuses what is no request: empty, too long, PEM, cut off, followed by more, nested, chance', async () => {
    const der = await request(await generate(signingAlgorithm), signingAlgorithm);
    const nested = Buffer.alloc(4_000, Buffer.from([0x30, 0x80]));
    nested.set([0x30, 0x82, (4_000 - 4) >> 8, (4_000 - 4) & 0xff]);
    const inputs = [
      Buffer.alloc(0),
      Buffer.alloc(4_097, 0x30),
      Buffer.from(`-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n`),
      der.subarray(0, der.length - 1),
      Buffer.concat([der, Buffer.from([0])]),
      nested,
      Buffer.from([0x30, 0x00]),
      Buffer.from([0x30, 0x03, 1, 1, 0xff]),
      ...Array.from({ length: 50 }, () => Buffer.from(webcrypto.getRandomValues(new Uint8Array(300)))),
    ];
    for (const input of inputs) expect(await reasonFor(input)).toBeTypeOf('string');
  });

  it('never throws, whichever byte of a request is changed', async () => {
    const der = await request(await generate(signingAlgorithm), signingAlgorithm);
    for (let at = 0; at < der.length; at++) {
      const changed = Buffer.from(der);
      changed[at]! ^= 0x41;
      expect((await parseCertificateRequest(changed)).ok).toBe(false);
    }
  });
});

async function reasonFor(der: Uint8Array): Promise<string | null> {
  const parsed = await parseCertificateRequest(der);
  return parsed.ok ? null : parsed.reason;
}

async function generate(algorithm: { name: string }): Promise<webcrypto.CryptoKeyPair> {
  return (await webcrypto.subtle.generateKey(algorithm as webcrypto.EcKeyAlgorithm, true, [
    'sign',
    'verify',
  ])) as webcrypto.CryptoKeyPair;
}

async function request(
  keys: webcrypto.CryptoKeyPair,
  signing: { name: string },
  more: { name?: string; extensions?: x509.Extension[] } = {},
): Promise<Buffer> {
  const made = await x509.Pkcs10CertificateRequestGenerator.create({
    keys,
    signingAlgorithm: signing,
    ...more,
  });
  return Buffer.from(made.rawData);
}
