import {
  type KubernetesClient,
  KubernetesError,
  type RawObject,
  Reflector,
  resourceTypes,
} from '@tulle/kubernetes';
import {
  type Clock,
  type Component,
  type Logger,
  type MetricsRegistry,
  messageOf,
  type Random,
} from '@tulle/runtime';
import {
  type AuthorityChange,
  type AuthorityStore,
  authorityError,
  type OwnAuthority,
  type StoredAuthority,
} from '../authority-store.ts';
import { parseRoots } from '../parse-authority.ts';
import {
  authoritySecretName,
  isSameVersion,
  isUnderRootOf,
  parseAuthoritySecret,
  refOf,
  secretOf,
  withIntermediate,
} from './authority-secret.ts';
import { TrustConfigMap } from './trust-config-map.ts';

export interface SecretAuthorityStoreOptions {
  readonly client: KubernetesClient;
  /** The mesh's own. */
  readonly namespace: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: MetricsRegistry;
}

const publishAgainMs = 60_000;

/**
 * The authority in a Secret that all replicas share, the roots in a ConfigMap. The API server settles who was first:
 * creation is exclusive, replacement optimistic. Once it runs, every change of the Secret is told of.
 */
export class SecretAuthorityStore implements AuthorityStore, Component {
  readonly name = 'authority secret';
  readonly location: string;
  readonly #options: SecretAuthorityStoreOptions;
  readonly #trust: TrustConfigMap;
  readonly #reflector: Reflector<RawObject>;
  readonly #listeners = new Set<(change: AuthorityChange) => void>();
  /** As it was read last. */
  #secret: RawObject | null = null;
  /** The roots that everybody is to know. */
  #rootsPem: string | null = null;
  #isPublished = false;
  #publishing: Promise<void> = Promise.resolve();
  #isRunning = false;
  #cancel = () => {};

  constructor(options: SecretAuthorityStoreOptions) {
    const { namespace } = options;
    this.#options = options;
    this.location = `the Secret ${namespace}/${authoritySecretName}`;
    this.#trust = new TrustConfigMap(options.client, namespace);
    this.#reflector = new Reflector<RawObject>({
      ...options,
      type: resourceTypes.secrets,
      fieldSelector: `metadata.name=${authoritySecretName}`,
      read: (raw) => raw,
    });
    this.#reflector.onChange(() => this.#noticed());
  }

  async start(): Promise<void> {
    this.#isRunning = true;
    await this.#reflector.start();
    this.#publishAgain();
  }

  async stop(): Promise<void> {
    this.#isRunning = false;
    this.#cancel();
    await this.#reflector.stop();
  }

  async read(): Promise<StoredAuthority | null> {
    const stored = await this.#get();
    if (stored !== null || (await this.#trust.read()) === null) return stored;
    // Another replica may have made and published it since.
    const made = await this.#get();
    if (made !== null) return made;
    throw authorityError(
      `${this.location} is not there, but ConfigMap tulle-trust has the roots of one: restore the Secret from a ` +
        'backup, or delete the ConfigMap to begin anew with an authority that no running sidecar trusts',
    );
  }

  async create(authority: OwnAuthority): Promise<StoredAuthority> {
    const { client, namespace } = this.#options;
    try {
      this.#secret = await client.create(resourceTypes.secrets, secretOf(authority, namespace));
      return authority;
    } catch (thrown) {
      if (!isLost(thrown)) throw thrown;
    }
    return await this.#present();
  }

  async replaceIntermediate(intermediate: string): Promise<StoredAuthority> {
    const { client } = this.#options;
    if (this.#secret === null) throw gone(this.location);
    const stored = parseAuthoritySecret(this.#secret, this.location);
    // Another authority than the one in use has been put there: it is not to be spoilt.
    if (!isUnderRootOf(stored, intermediate)) return stored;
    try {
      this.#secret = await client.replace(
        resourceTypes.secrets,
        withIntermediate(this.#secret, intermediate),
      );
      return parseAuthoritySecret(this.#secret, this.location);
    } catch (thrown) {
      if (!isLost(thrown)) throw thrown;
    }
    return await this.#present();
  }

  publishedRoots(): Promise<string | null> {
    return this.#trust.read();
  }

  /** Where it fails, it is tried again and again while this runs. */
  publishRoots(rootsPem: string): Promise<void> {
    this.#rootsPem = rootsPem;
    this.#isPublished = false;
    return this.#publish();
  }

  onChange(listener: (change: AuthorityChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async #get(): Promise<StoredAuthority | null> {
    const { client, namespace } = this.#options;
    this.#secret = await client.get(resourceTypes.secrets, refOf(namespace));
    return this.#secret === null ? null : parseAuthoritySecret(this.#secret, this.location);
  }

  /** What somebody else has written. */
  async #present(): Promise<StoredAuthority> {
    const stored = await this.#get();
    if (stored === null) throw gone(this.location);
    return stored;
  }

  #noticed(): void {
    const [secret = null] = this.#reflector.objects.values();
    if (secret !== null && this.#secret !== null && isSameVersion(secret, this.#secret)) return;
    this.#secret = secret;
    const change = this.#changeOf(secret);
    for (const listener of [...this.#listeners]) listener(change);
  }

  #changeOf(secret: RawObject | null): AuthorityChange {
    if (secret === null) return { kind: 'faulty', reason: gone(this.location).message };
    try {
      return { kind: 'stored', stored: parseAuthoritySecret(secret, this.location) };
    } catch (thrown) {
      return { kind: 'faulty', reason: messageOf(thrown) };
    }
  }

  /** One after the other, each with the roots of its moment: older ones never come to stand over newer ones. */
  #publish(): Promise<void> {
    const turn = this.#publishing.then(async () => {
      const rootsPem = this.#rootsPem;
      if (rootsPem === null) return;
      await this.#trust.publish(rootsPem);
      if (rootsPem === this.#rootsPem) this.#isPublished = true;
    });
    this.#publishing = turn.catch(() => {});
    return turn;
  }

  /** Somebody may have deleted or changed the ConfigMap: new pods would reach no control plane. */
  #publishAgain(): void {
    if (!this.#isRunning) return;
    const { clock, random, logger } = this.#options;
    this.#cancel = clock.schedule(publishAgainMs * (0.5 + random()), async () => {
      try {
        const reason = await this.#whyPublishAgain();
        if (reason !== null && this.#isRunning) {
          await this.#publish();
          logger.warn('trust roots published again', { reason });
        }
      } catch (thrown) {
        logger.warn('trust roots not looked at', { reason: messageOf(thrown) });
      }
      this.#publishAgain();
    });
  }

  async #whyPublishAgain(): Promise<string | null> {
    if (!this.#isPublished) return 'they could not be written to ConfigMap tulle-trust before';
    const isSpoilt = !sharesRoot(await this.#trust.read(), this.#rootsPem);
    return isSpoilt ? 'ConfigMap tulle-trust had none of them' : null;
  }
}

/** What another replica has published beside ours, or taken away, is its own matter. */
function sharesRoot(one: string | null, other: string | null): boolean {
  const known = parseRoots(other);
  return parseRoots(one).some((root) => known.includes(root));
}

/** Somebody else was first: AlreadyExists, or a Conflict of versions. */
function isLost(thrown: unknown): boolean {
  return thrown instanceof KubernetesError && thrown.status === 409;
}

function gone(location: string) {
  return authorityError(
    `${location} is gone: restore it from a backup before the control plane is restarted; without it a new ` +
      'authority would be made once ConfigMap tulle-trust is gone too, which no running sidecar trusts',
  );
}
