/** The mesh on Kubernetes: resources are watched, the authority is a Secret, tokens are reviewed. */
import { KubernetesClient, Reflector } from '@tulle/kubernetes';
import { CertificateAuthority } from '../../identity/certificate-authority.ts';
import { openWhenReachable } from '../../identity/kubernetes/open-when-reachable.ts';
import { SecretAuthorityStore } from '../../identity/kubernetes/secret-authority-store.ts';
import { TokenReviewAuthenticator } from '../../identity/kubernetes/token-review-authenticator.ts';
import { createTokenReviewMetrics } from '../../identity/kubernetes/token-review-metrics.ts';
import type { ControlPlaneSettings, KubernetesSettings } from '../../settings.ts';
import { KubernetesSource } from '../../sources/kubernetes/kubernetes-source.ts';
import { exposeKubernetesSource } from '../../sources/kubernetes/source-metrics.ts';
import type { Platform, PlatformDependencies } from '../platform.ts';
import { createStatusReporting, type StatusReporting } from './status-reporting.ts';

const userAgent = 'tulle-control-plane';

export function createKubernetesPlatform(
  { kubeconfig, replica }: KubernetesSettings,
  { trustDomain, leafTtlSeconds, meshNamespace: namespace }: ControlPlaneSettings,
  dependencies: PlatformDependencies,
): Platform {
  const { clock, logger, metrics } = dependencies;
  const client = KubernetesClient.load({ kubeconfig, clock, logger, metrics, userAgent });
  const source = new KubernetesSource({
    reflect: (options) => new Reflector({ client, ...options, ...dependencies }),
    clock,
    logger,
  });
  exposeKubernetesSource(metrics, source);
  const store = new SecretAuthorityStore({ client, namespace, ...dependencies });
  let reporting: StatusReporting | null = null;
  return {
    source,
    authenticator: new TokenReviewAuthenticator({
      client,
      clock,
      metrics: createTokenReviewMetrics(metrics),
    }),
    components: [store],
    openAuthority: () =>
      openWhenReachable(
        () => CertificateAuthority.open({ store, trustDomain, leafTtlSeconds, clock, logger }),
        dependencies,
      ),
    reporters: (parts) => {
      const options = { client, source, replica, meshNamespace: namespace };
      reporting = createStatusReporting(options, parts, dependencies);
      return reporting.components;
    },
    unreadyReasons: () => source.unreadyReasons(),
    readyNote: () => source.staleNote(),
    dump: { reflectors: () => source.describe(), statuses: () => reporting?.describe() ?? null },
  };
}
