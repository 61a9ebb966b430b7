import { X509Certificate } from 'node:crypto';
import { create } from '@bufbuild/protobuf';
import type { TrustBundle } from '@tulle/model';
import {
  TrustBundleSchema,
  type TrustBundle as WireTrustBundle,
} from '../gen/tulle/mesh/v1/trust_bundle_pb.ts';
import { limits } from '../limits.ts';
import type { Checker } from './checker.ts';
import type { Codec } from './codec.ts';

/** SPIFFE-ID specification, section 2.1; as in the model's SPIFFE ids. */
const trustDomainPattern = /^[a-z0-9][a-z0-9._-]{0,254}$/;
const oneCertificate = /^\s*-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*$/;

export const trustBundleCodec: Codec<TrustBundle, WireTrustBundle> = {
  schema: TrustBundleSchema,

  toWire: ({ trustDomain, rootsPem }) => create(TrustBundleSchema, { trustDomain, rootsPem: [...rootsPem] }),

  fromWire(wire, check) {
    if (!trustDomainPattern.test(wire.trustDomain))
      check.fault('trust_domain', 'must be a trust domain name');
    // Without a root every peer would be refused: keep the last good ones instead.
    if (wire.rootsPem.length === 0) check.fault('roots_pem', 'must have a root certificate');
    const rootsPem = check.list('roots_pem', wire.rootsPem, limits.rootsPerBundle, (path, pem) =>
      readCertificate(path, pem, check),
    );
    return { trustDomain: wire.trustDomain, rootsPem };
  },
};

function readCertificate(path: string, pem: string, check: Checker): string {
  if (pem.length > limits.rootPemChars || !oneCertificate.test(pem)) {
    check.fault(path, 'must be one PEM certificate');
    return pem;
  }
  try {
    new X509Certificate(pem);
  } catch {
    check.fault(path, 'is not a readable X.509 certificate');
  }
  return pem;
}
