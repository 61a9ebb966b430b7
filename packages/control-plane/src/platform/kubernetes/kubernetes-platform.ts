/** The mesh on Kubernetes: resources are watched, the authority is a Secret, tokens are reviewed. */
import { TulleError } from '@tulle/runtime';
import { CertificateAuthority } from '../../identity/certificate-authority.ts';
import { FileAuthorityStore } from '../../identity/file-authority-store.ts';
import { noAuthenticator } from '../../identity/no-authenticator.ts';
import type { ControlPlaneSettings, KubernetesSettings } from '../../settings.ts';
import { KubernetesSource } from '../../sources/kubernetes/kubernetes-source.ts';
import type { Platform, PlatformDependencies } from '../platform.ts';

export function createKubernetesPlatform(
  { stateDir }: KubernetesSettings,
  { trustDomain, leafTtlSeconds }: ControlPlaneSettings,
  { clock, logger }: PlatformDependencies,
): Platform {
  const source = new KubernetesSource();
  return {
    source,
    authenticator: noAuthenticator,
    components: [],
    openAuthority: () => {
      if (stateDir === null) {
        throw new TulleError('AUTHORITY_STATE', 'TULLE_STATE_DIR is not set: it keeps the authority', {
          source: 'config',
        });
      }
      const store = new FileAuthorityStore(stateDir);
      return CertificateAuthority.open({ store, trustDomain, leafTtlSeconds, clock, logger });
    },
    reporters: () => [],
    unreadyReasons: () => source.unreadyReasons(),
    dump: { reflectors: () => source.describe() },
  };
}
