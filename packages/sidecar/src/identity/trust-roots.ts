import type { TrustBundle } from '@tulle/model';
import type { Component } from '@tulle/runtime';
import type { ResourceSource, ResourceState, ResourceWatch } from '../config/resource-source.ts';
import type { WorkloadIdentity } from './workload-identity.ts';

export interface TrustRootsOptions {
  readonly source: ResourceSource;
  readonly trustDomain: string;
  readonly identity: WorkloadIdentity;
}

/** Keeps the roots that peers are verified against as discovery announces them. */
export class TrustRoots implements Component {
  readonly name = 'trust-roots';
  readonly #options: TrustRootsOptions;
  #watch: ResourceWatch<'trustBundle'> | null = null;
  #isReceived = false;

  constructor(options: TrustRootsOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    const { source, trustDomain } = this.#options;
    this.#watch = source.watch('trustBundle', trustDomain, (state) => this.#take(state));
    this.#take(this.#watch.state);
  }

  async stop(): Promise<void> {
    this.#watch?.stop();
    this.#watch = null;
  }

  /** Why peers cannot be verified yet, or null. */
  get missing(): string | null {
    return this.#isReceived ? null : 'the trust bundle has not been received';
  }

  /** A bundle that was taken away changes nothing: without roots every peer would be refused. */
  #take(state: ResourceState<TrustBundle>): void {
    if (state.kind !== 'known') return;
    this.#isReceived = true;
    this.#options.identity.setTrustRoots(state.resource.rootsPem);
  }
}
