import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { type Agent, Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent, type RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import { type Clock, messageOf } from '@tulle/runtime';
import { clientReasons, KubernetesError } from '../kubernetes-error.ts';

/** Where the API server is, and how to show who one is. */
export interface Connection {
  readonly server: URL;
  /** What each request needs besides its own: the agent with its certificates, and the headers. Never logged. */
  credentials(): Promise<Credentials>;
  /** Forgets what was read of credentials, after they were refused. */
  renew(): void;
  close(): void;
}

export interface Credentials {
  readonly agent: Agent;
  readonly headers: Readonly<Record<string, string>>;
}

const inClusterTokenPath = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** Token and CA files are read again after so long: the kubelet replaces them well before they expire. */
const credentialsLifeMs = 10_000;

/** Above what watches and a burst of writes need; more wait for a free one. */
const maxSockets = 256;

export interface KubeconfigOptions {
  /** A file; null: the pod's service account, else the user's default kubeconfig. */
  readonly kubeconfig: string | null;
  /** A context other than the current one. */
  readonly context?: string | undefined;
}

/** Reads where the API server is; throws with what to do where there is none. */
export function loadKubeconfig({ kubeconfig, context }: KubeconfigOptions): KubeConfig {
  const config = new KubeConfig();
  try {
    if (kubeconfig !== null) config.loadFromFile(kubeconfig);
    else if (!loadInCluster(config)) config.loadFromDefault();
  } catch (cause) {
    const where = kubeconfig ?? 'the default kubeconfig';
    throw configError(`${where} cannot be read: ${messageOf(cause)}`, cause);
  }
  if (context !== undefined) config.setCurrentContext(context);
  const cluster = config.getCurrentCluster();
  if (cluster === null || (cluster.name === 'cluster' && cluster.server === 'http://localhost:8080')) {
    throw configError(
      context === undefined
        ? `no Kubernetes cluster is configured${kubeconfig === null ? '' : ` in ${kubeconfig}`}: name a kubeconfig file with a current context`
        : `the kubeconfig has no context ${context} with a cluster`,
    );
  }
  return config;
}

function loadInCluster(config: KubeConfig): boolean {
  if (!existsSync(inClusterTokenPath)) return false;
  config.loadFromCluster();
  // The client library builds the address from the environment that every pod has.
  return !String(config.getCurrentCluster()?.server).includes('undefined');
}

function configError(message: string, cause?: unknown): KubernetesError {
  return new KubernetesError(message, {
    status: 0,
    reason: clientReasons.credentials,
    source: 'config',
    cause,
  });
}

/** Authenticates as a kubeconfig says: certificates, tokens in files that are replaced, exec plug-ins, OIDC. */
export class KubeconfigConnection implements Connection {
  readonly server: URL;
  readonly #config: KubeConfig;
  readonly #clock: Clock;
  #current: Promise<Credentials> | null = null;
  #readAtMs = 0;
  #agent: Agent | null = null;
  #agentKey = '';

  constructor(config: KubeConfig, clock: Clock) {
    const cluster = config.getCurrentCluster();
    if (cluster === null) throw configError('the kubeconfig has no current context');
    this.server = new URL(cluster.server);
    this.#config = config;
    this.#clock = clock;
  }

  credentials(): Promise<Credentials> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#current === null || nowMs - this.#readAtMs >= credentialsLifeMs) {
      this.#readAtMs = nowMs;
      this.#current = this.#read();
      this.#current.catch(() => this.renew());
    }
    return this.#current;
  }

  renew(): void {
    this.#current = null;
  }

  close(): void {
    this.#agent?.destroy();
  }

  async #read(): Promise<Credentials> {
    const options: RequestOptions = {};
    try {
      await this.#config.applyToHTTPSOptions(options);
    } catch (cause) {
      throw new KubernetesError(`credentials for ${this.server.host} could not be had: ${messageOf(cause)}`, {
        status: 0,
        reason: clientReasons.credentials,
        source: 'config',
        isRetryable: true,
        cause,
      });
    }
    return { agent: this.#agentFor(options), headers: headersOf(options) };
  }

  /** One agent for as long as the certificates are the same, so that its connections are used again. */
  #agentFor(options: RequestOptions): Agent {
    const { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized } = options;
    const agentKey = fingerprint([ca, cert, key, pfx, passphrase, servername, rejectUnauthorized]);
    if (this.#agent !== null && agentKey === this.#agentKey) return this.#agent;
    const shared = { keepAlive: true, keepAliveMsecs: 30_000, maxSockets, scheduling: 'lifo' } as const;
    const tls = { ca, cert, key, pfx, passphrase, servername, rejectUnauthorized };
    const given = Object.fromEntries(Object.entries(tls).filter(([, value]) => value !== undefined));
    if (hasProxy(this.#config)) this.#agent = options.agent as Agent;
    else
      this.#agent =
        this.server.protocol === 'http:' ? new HttpAgent(shared) : new HttpsAgent({ ...shared, ...given });
    this.#agentKey = agentKey;
    return this.#agent;
  }
}

function hasProxy(config: KubeConfig): boolean {
  return (config.getCurrentCluster()?.proxyUrl ?? '') !== '';
}

function headersOf({ headers, auth }: RequestOptions): Readonly<Record<string, string>> {
  const result: Record<string, string> = {};
  for (const [name, value] of Object.entries(headers ?? {})) {
    // A token file often ends with a line break, which a header may not contain.
    if (value !== undefined) result[name] = String(value).trim();
  }
  if (typeof auth === 'string') result.authorization = `Basic ${Buffer.from(auth).toString('base64')}`;
  return result;
}

function fingerprint(values: readonly unknown[]): string {
  const hash = createHash('sha256');
  for (const value of values) hash.update(`${String(value)}\u0000`);
  return hash.digest('base64');
}
