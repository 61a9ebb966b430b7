/** The mesh without Kubernetes: resources, authority and tokens lie in files. */
import { CertificateAuthority } from '../identity/certificate-authority.ts';
import { FileAuthorityStore } from '../identity/file-authority-store.ts';
import { exposeTokenFile } from '../identity/identity-metrics.ts';
import { noAuthenticator } from '../identity/no-authenticator.ts';
import { TokenFileAuthenticator } from '../identity/token-file-authenticator.ts';
import type { ControlPlaneSettings, FilesSettings } from '../settings.ts';
import { FileSource } from '../sources/files/file-source.ts';
import type { Platform, PlatformDependencies } from './platform.ts';

export function createFilesPlatform(
  { configDir, stateDir, tokensFile }: FilesSettings,
  { trustDomain, leafTtlSeconds }: ControlPlaneSettings,
  { clock, logger, metrics }: PlatformDependencies,
): Platform {
  const tokens = tokensFile === null ? null : new TokenFileAuthenticator({ path: tokensFile, clock, logger });
  exposeTokenFile(metrics, tokens);
  return {
    source: new FileSource({ directory: configDir, clock, logger }),
    authenticator: tokens ?? noAuthenticator,
    components: tokens === null ? [] : [tokens],
    openAuthority: () =>
      CertificateAuthority.open({
        store: new FileAuthorityStore(stateDir),
        trustDomain,
        leafTtlSeconds,
        clock,
        logger,
      }),
    reporters: () => [],
    unreadyReasons: () => [],
    readyNote: () => null,
    dump: { tokens: () => ({ known: tokens?.size ?? 0, violations: tokens?.violations ?? [] }) },
  };
}
