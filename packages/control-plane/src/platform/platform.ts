import type { Clock, Component, Logger, MetricsRegistry, Random } from '@tulle/runtime';
import type { DiscoveryService } from '../discovery/discovery-service.ts';
import type { Authenticator } from '../identity/authenticator.ts';
import type { CertificateAuthority } from '../identity/certificate-authority.ts';
import type { ConfigPipeline } from '../snapshot/config-pipeline.ts';
import type { ResourceSource } from '../sources/resource-source.ts';
import type { AcknowledgementReporter } from '../status/acknowledgement-report.ts';

export interface PlatformDependencies {
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: MetricsRegistry;
}

/** What a platform's own components may build on: all of it stands when they start. */
export interface PlatformParts {
  readonly authority: CertificateAuthority;
  readonly pipeline: ConfigPipeline;
  readonly discovery: DiscoveryService;
  /** How far the objects have come on the proxies of this replica. */
  readonly acknowledged: AcknowledgementReporter;
}

/** What differs between a mesh on files and one on Kubernetes; everything else is one program. */
export interface Platform {
  readonly source: ResourceSource;
  readonly authenticator: Authenticator;
  /** Started before the source, in this order. */
  readonly components: readonly Component[];
  /** Loads the authority from where the platform keeps it, or makes one. Called once, before anything starts. */
  openAuthority(): Promise<CertificateAuthority>;
  /** Started last, in this order: what reports on what the others do. */
  reporters(parts: PlatformParts): readonly Component[];
  /** Why the platform's part is not ready; empty when it is. */
  unreadyReasons(): readonly string[];
  /** What should be known although it is ready; null: nothing. */
  readyNote(): string | null;
  /** Sections of /config_dump, made when it is asked for. */
  readonly dump: Readonly<Record<string, () => unknown>>;
}
