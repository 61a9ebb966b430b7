/** What of the cluster injection depends on: kept up to date by watches, and used as it stands while the API is away. */
import { isObject, labels, type MeshConfig, parseManifest } from '@tulle/api';
import { type KubernetesClient, type RawObject, Reflector, resourceTypes } from '@tulle/kubernetes';
import { formatViolations } from '@tulle/model';
import {
  type Clock,
  type Component,
  type Logger,
  type MetricsRegistry,
  messageOf,
  type Random,
  TulleError,
} from '@tulle/runtime';
import type { InjectionContext, PodNamespace } from '../injection-context.ts';
import type { InjectorSettings } from '../settings/injector-settings.ts';
import { parseInjectorSettings } from '../settings/parse-injector-settings.ts';
import { ServerVersion } from './server-version.ts';

const settingsName = 'tulle-injector';
const settingsKey = 'config.yaml';
const trustName = 'tulle-trust';
const rootsKey = 'root.pem';

export interface ClusterViewOptions {
  readonly client: KubernetesClient;
  /** The mesh's own. */
  readonly namespace: string;
  /** Of this program. */
  readonly version: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly logger: Logger;
  readonly metrics: MetricsRegistry;
}

export class ClusterView implements Component {
  readonly name = 'view of the cluster';
  readonly #options: ClusterViewOptions;
  readonly #namespaces: Reflector<PodNamespace>;
  readonly #trust: Reflector<string>;
  readonly #settingsMap: Reflector<string>;
  readonly #meshConfigs: Reflector<MeshConfig>;
  readonly #serverVersion: ServerVersion;
  #settings: InjectorSettings | null = null;
  #settingsFault: string | null = null;

  constructor(options: ClusterViewOptions) {
    const { namespace, client } = options;
    this.#options = options;
    const one = (name: string) => ({ namespace, fieldSelector: `metadata.name=${name}` });
    const configMap = resourceTypes.configMaps;
    this.#namespaces = new Reflector({
      ...options,
      namespace: '',
      type: resourceTypes.namespaces,
      read: readNamespace,
    });
    this.#trust = new Reflector({ ...options, ...one(trustName), type: configMap, read: textOf(rootsKey) });
    this.#settingsMap = new Reflector({
      ...options,
      ...one(settingsName),
      type: configMap,
      read: textOf(settingsKey),
    });
    this.#meshConfigs = new Reflector({
      ...options,
      namespace: '',
      type: resourceTypes.meshConfigs,
      isOptional: true,
      read: (object, previous) => this.#readMeshConfig(object) ?? previous ?? null,
    });
    this.#serverVersion = new ServerVersion({ ...options, client });
  }

  async start(): Promise<void> {
    this.#settingsMap.onChange(() => this.#readSettings());
    for (const component of this.#components()) await component.start();
  }

  async stop(deadlineMs: number): Promise<void> {
    await Promise.all(this.#components().map((component) => component.stop(deadlineMs)));
  }

  unreadyReasons(): readonly string[] {
    return [
      ...(this.#namespaces.hasSynced ? [] : ['the namespaces have not been read yet']),
      ...(this.#meshConfigs.hasSynced ? [] : ['MeshConfig has not been read yet']),
      ...(this.#roots === undefined ? [`ConfigMap ${trustName} does not have the mesh's roots yet`] : []),
      ...(this.#settings === null
        ? [this.#settingsFault ?? `ConfigMap ${settingsName} has not been read yet`]
        : []),
      ...(this.#serverVersion.hasNativeSidecars === null ? ["the cluster's version is not known yet"] : []),
    ];
  }

  /** For the dump. */
  describe(): object {
    return {
      namespaces: this.#namespaces.state,
      settings: { state: this.#settingsMap.state, fault: this.#settingsFault, inForce: this.#settings },
      trust: this.#trust.state,
      meshConfig: this.#meshConfigs.state,
      serverVersion: this.#serverVersion.describe(),
    };
  }

  /** Null: not known yet. */
  get trustDomain(): string | null {
    return this.#settings?.trustDomain ?? null;
  }

  /** What a pod of the namespace is injected by; throws where that is not known yet. */
  async contextOf(namespace: string, pod: unknown): Promise<InjectionContext> {
    const reasons = this.unreadyReasons();
    if (reasons.length > 0) {
      throw new TulleError('INJECTOR_NOT_READY', `the injector is not ready: ${reasons.join('; ')}`, {
        source: 'internal',
        isRetryable: true,
      });
    }
    return {
      settings: this.#settings!,
      namespace: await this.#namespaceOf(namespace, pod),
      mesh: this.#meshConfigs.objects.values().next().value ?? null,
      rootsPem: this.#roots!,
      hasNativeSidecars: this.#serverVersion.hasNativeSidecars!,
    };
  }

  get #roots(): string | undefined {
    return this.#trust.objects.get(`${this.#options.namespace}/${trustName}`);
  }

  /**
   * The API server asks only where a label says so. What was watched may be a moment behind a label that was just set:
   * where it does not explain why this pod was asked for, the namespace is read once more.
   */
  async #namespaceOf(name: string, pod: unknown): Promise<PodNamespace> {
    const watched = this.#namespaces.objects.get(name);
    if (watched?.labels[labels.inject] === 'enabled' || ownLabel(pod) === 'enabled') {
      if (watched !== undefined) return watched;
    }
    try {
      const object = await this.#options.client.get(resourceTypes.namespaces, { namespace: '', name });
      if (object !== null) return readNamespace(object);
    } catch (thrown) {
      if (watched === undefined) throw thrown;
      this.#options.logger.warn('namespace not read again', { name, reason: messageOf(thrown) });
    }
    return watched ?? { name, labels: {}, annotations: {} };
  }

  #readSettings(): void {
    const { namespace, version, logger } = this.#options;
    const text = this.#settingsMap.objects.get(`${namespace}/${settingsName}`);
    if (text === undefined) {
      // What was in force stays: a map that is replaced is gone for a moment.
      this.#settingsFault = `ConfigMap ${settingsName} in ${namespace} is missing, or has no key ${settingsKey}`;
      return;
    }
    const parsed = parseInjectorSettings(text, version);
    if (!parsed.ok) {
      this.#settingsFault = `ConfigMap ${settingsName}, ${settingsKey}: ${formatViolations(parsed.violations)}`;
      logger.error('settings refused', {
        reason: this.#settingsFault,
        isOlderInForce: this.#settings !== null,
      });
      return;
    }
    for (const warning of parsed.warnings) logger.warn('settings', { reason: formatViolations([warning]) });
    this.#settings = parsed.value;
    this.#settingsFault = null;
    logger.info('settings taken', { version: parsed.value.version, image: parsed.value.proxy.image });
  }

  #readMeshConfig(object: RawObject): MeshConfig | null {
    const parsed = parseManifest(object);
    if (parsed.ok) return parsed.value.kind === 'MeshConfig' ? parsed.value : null;
    const { logger } = this.#options;
    // Rare, as it is refused before; an earlier version stays in force.
    logger.warn('MeshConfig left out of account', { reason: formatViolations(parsed.violations) });
    return null;
  }

  #components(): readonly Component[] {
    return [this.#namespaces, this.#trust, this.#settingsMap, this.#meshConfigs, this.#serverVersion];
  }
}

function readNamespace({ metadata }: RawObject): PodNamespace {
  return { name: metadata.name, labels: metadata.labels ?? {}, annotations: metadata.annotations ?? {} };
}

function textOf(key: string) {
  return ({ data }: RawObject): string | null => {
    const text = isObject(data) ? data[key] : null;
    return typeof text === 'string' && text !== '' ? text : null;
  };
}

function ownLabel(pod: unknown): unknown {
  const metadata = isObject(pod) && isObject(pod.metadata) ? pod.metadata : {};
  return isObject(metadata.labels) ? metadata.labels[labels.inject] : undefined;
}
