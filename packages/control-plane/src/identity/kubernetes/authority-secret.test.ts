import type { RawObject } from '@tulle/kubernetes';
import { describe, expect, it } from 'vitest';
import { parseAuthoritySecret, secretOf, withIntermediate } from './authority-secret.ts';

const location = 'the Secret tulle-system/tulle-authority';
const own = { kind: 'own', root: 'root', intermediate: 'intermediate' } as const;

function secret(type: string, texts: Record<string, string>): RawObject {
  const data = Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  );
  const metadata = { name: 'tulle-authority', namespace: 'tulle-system', resourceVersion: '1' };
  return { apiVersion: 'v1', kind: 'Secret', metadata, type, data };
}

describe('the authority as a Secret', () => {
  const made = { apiVersion: 'v1', kind: 'Secret', ...secretOf(own, 'tulle-system') } as RawObject;

  it('is read as it was written', () => {
    expect(parseAuthoritySecret(made, location)).toEqual(own);
    expect(parseAuthoritySecret(withIntermediate(made, 'next'), location)).toEqual({
      ...own,
      intermediate: 'next',
    });
  });

  it('keeps what others put there when its intermediate is replaced', () => {
    const noted = { ...made, metadata: { ...made.metadata, annotations: { a: 'b' } } };
    expect(withIntermediate(noted, 'next').metadata).toEqual(noted.metadata);
  });

  it.each(['kubernetes.io/tls', 'Opaque'])('may be a given intermediate of type %s', (type) => {
    const texts = { 'tls.crt': 'certificate', 'tls.key': 'key', 'ca.crt': 'roots' };
    expect(parseAuthoritySecret(secret(type, texts), location)).toEqual({
      kind: 'given',
      certificates: 'certificate',
      privateKey: 'key',
      roots: 'roots',
    });
  });

  it.each<[string, RawObject, RegExp]>([
    [
      'half an authority',
      secret('tulle.dev/authority', { 'root-with-key.pem': 'root' }),
      /tulle-system\/tulle-authority lacks intermediate-with-key.pem: restore it from a backup; or delete/,
    ],
    [
      'a given intermediate without roots',
      secret('kubernetes.io/tls', { 'tls.crt': 'certificate', 'tls.key': 'key', 'ca.crt': '' }),
      /lacks ca.crt: put the root certificates/,
    ],
    ['something else', secret('Opaque', { password: 'x' }), /neither .* nor a given intermediate.*Opaque/],
    ['nothing', { ...secret('Opaque', {}), data: undefined }, /neither/],
    [
      'what is too large',
      secret('tulle.dev/authority', { 'root-with-key.pem': 'x'.repeat(300_000) }),
      /root-with-key.pem is too large/,
    ],
  ])('refuses %s, with what to do', (_case, object, message) => {
    expect(() => parseAuthoritySecret(object, location)).toThrow(message);
  });
});
