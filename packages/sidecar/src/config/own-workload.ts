import { formatName, type NamespacedName, type UnknownDestinations, type Workload } from '@tulle/model';
import type { ResourceSource, ResourceState, ResourceWatch } from './resource-source.ts';

export interface OwnWorkloadOptions {
  readonly source: ResourceSource;
  readonly workload: NamespacedName;
  /** Called after `addresses` were replaced. */
  onAddresses(): void;
}

/** What the outbound side has to know of the workload that it serves. The last good state stays. */
export class OwnWorkload {
  readonly #options: OwnWorkloadOptions;
  #watch: ResourceWatch<'workload'> | null = null;
  /** Empty until the workload has been received. */
  addresses: ReadonlySet<string> = new Set();
  unknownDestinations: UnknownDestinations = 'allow';

  constructor(options: OwnWorkloadOptions) {
    this.#options = options;
  }

  start(): void {
    const { source, workload } = this.#options;
    this.#watch = source.watch('workload', formatName(workload), (state) => this.#take(state));
    this.#take(this.#watch.state);
  }

  stop(): void {
    this.#watch?.stop();
    this.#watch = null;
  }

  #take(state: ResourceState<Workload>): void {
    if (state.kind !== 'known') return;
    const { addresses, outbound } = state.resource;
    this.unknownDestinations = outbound.unknownDestinations;
    const isSame =
      addresses.length === this.addresses.size && addresses.every((ip) => this.addresses.has(ip));
    if (isSame) return;
    this.addresses = new Set(addresses);
    this.#options.onAddresses();
  }
}
