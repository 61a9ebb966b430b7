import { X509Certificate } from 'node:crypto';
import type { ObjectInit, ObjectRef, RawObject } from '@tulle/kubernetes';
import { authorityError, type OwnAuthority, type StoredAuthority } from '../authority-store.ts';

/**
 * The Secret `tulle-authority` in the mesh's namespace. The mesh's own has the type `tulle.dev/authority` and
 *
 *     root-with-key.pem           the root's certificate and private key
 *     intermediate-with-key.pem   likewise of the intermediate; replaced as a whole when it is rotated
 *
 * One that somebody else gives is of another type (cert-manager: kubernetes.io/tls) and has
 *
 *     tls.crt   the intermediate, then what is between it and the root
 *     tls.key   its private key
 *     ca.crt    the roots
 */
export const authoritySecretName = 'tulle-authority';

const ownType = 'tulle.dev/authority';
const rootKey = 'root-with-key.pem';
const intermediateKey = 'intermediate-with-key.pem';
const maxValueBytes = 256 * 1024;

export function secretOf(authority: OwnAuthority, namespace: string): ObjectInit {
  return {
    metadata: {
      name: authoritySecretName,
      namespace,
      labels: {
        'app.kubernetes.io/name': 'tulle-control-plane',
        'app.kubernetes.io/part-of': 'tulle',
      },
    },
    type: ownType,
    data: { [rootKey]: encode(authority.root), [intermediateKey]: encode(authority.intermediate) },
  };
}

/** The same Secret with another intermediate, to be replaced as the version that it was read as. */
export function withIntermediate(secret: RawObject, intermediate: string): RawObject {
  return { ...secret, data: { ...dataOf(secret), [intermediateKey]: encode(intermediate) } };
}

/** Whether the intermediate is one of this authority, and may stand in it. */
export function isUnderRootOf(stored: StoredAuthority, intermediate: string): boolean {
  if (stored.kind !== 'own') return false;
  try {
    return new X509Certificate(intermediate).verify(new X509Certificate(stored.root).publicKey);
  } catch {
    return false;
  }
}

/** Throws where it is incomplete or holds something else, with what to do. */
export function parseAuthoritySecret(secret: RawObject, location: string): StoredAuthority {
  const data = dataOf(secret);
  const value = (key: string) => decode(data[key], { key, location });
  if (secret.type === ownType) {
    const root = value(rootKey);
    const intermediate = value(intermediateKey);
    if (root !== null && intermediate !== null) return { kind: 'own', root, intermediate };
    const missing = root === null ? rootKey : intermediateKey;
    throw authorityError(
      `${location} lacks ${missing}: restore it from a backup; or delete it, and ConfigMap tulle-trust, to begin ` +
        'anew with an authority that no running sidecar trusts',
    );
  }
  const certificates = value('tls.crt');
  const privateKey = value('tls.key');
  const roots = value('ca.crt');
  if (certificates !== null && privateKey !== null && roots !== null) {
    return { kind: 'given', certificates, privateKey, roots };
  }
  if (certificates !== null && privateKey !== null) {
    throw authorityError(
      `${location} lacks ca.crt: put the root certificates of the intermediate in tls.crt there`,
    );
  }
  throw authorityError(
    `${location} is neither an authority of the mesh (type ${ownType}) nor a given intermediate (tls.crt, tls.key ` +
      `and ca.crt): it is of type ${String(secret.type)}. Delete it if nothing else needs it, and one is made`,
  );
}

export function isSameVersion(one: RawObject, other: RawObject): boolean {
  return (
    one.metadata.uid === other.metadata.uid && one.metadata.resourceVersion === other.metadata.resourceVersion
  );
}

export function refOf(namespace: string): ObjectRef {
  return { namespace, name: authoritySecretName };
}

function dataOf(secret: RawObject): Readonly<Record<string, unknown>> {
  const { data } = secret;
  return typeof data === 'object' && data !== null ? (data as Record<string, unknown>) : {};
}

function decode(value: unknown, { key, location }: { key: string; location: string }): string | null {
  if (typeof value !== 'string' || value === '') return null;
  const bytes = Buffer.from(value, 'base64');
  if (bytes.length <= maxValueBytes) return bytes.toString('utf8');
  throw authorityError(`${location}: ${key} is too large to be certificates or a key`);
}

function encode(text: string): string {
  return Buffer.from(text).toString('base64');
}
