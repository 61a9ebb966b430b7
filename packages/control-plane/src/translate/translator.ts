/** Resources in, the mesh and statuses out, again and again as the resources change. */
import { defaults, type MeshConfig } from '@tulle/api';
import { formatName, type Workload } from '@tulle/model';
import type { ResourceSet } from '../sources/resource-set.ts';
import { EndpointStage } from './endpoints.ts';
import { MeshPodStage, type MeshPodsUpdate } from './mesh-pods.ts';
import { MtlsModes } from './mtls-modes.ts';
import { PeerStage } from './peers.ts';
import { PodPortIndex } from './pod-ports.ts';
import { meshConfigStatus } from './policy-status.ts';
import { policyStatuses } from './policy-uses.ts';
import { RouteStage } from './routes.ts';
import { ServiceStage } from './services.ts';
import { SliceJoin } from './slice-join.ts';
import type { TranslateOptions } from './translate-options.ts';
import type { PolicyStatus, Translated } from './translated.ts';
import { WorkloadStage } from './workloads.ts';

/**
 * Says of each set of resources what `translate` says of it, whatever it was given before, and does again only what
 * depends on objects that are not the same as before. Each stage keeps what it made of what; an endpoint's change
 * touches one service, a pod's one pod. Benchmark: benchmarks/micro/config-update.ts.
 *
 * After a call that threw it must not be used any more.
 */
export class Translator {
  readonly #options: TranslateOptions;
  readonly #services: ServiceStage;
  readonly #join = new SliceJoin();
  readonly #ports = new PodPortIndex();
  readonly #pods: MeshPodStage;
  readonly #endpoints = new EndpointStage();
  readonly #routes = new RouteStage();
  readonly #workloads = new WorkloadStage();
  readonly #peers = new PeerStage();
  readonly #policyStatuses = new PolicyStatusStage();
  readonly #workloadNames = new WorkloadNames();
  #before: { readonly resources: ResourceSet; readonly modes: MtlsModes } | null = null;

  constructor(options: TranslateOptions) {
    this.#options = options;
    this.#services = new ServiceStage(options);
    this.#pods = new MeshPodStage(options);
  }

  translate(resources: ResourceSet): Translated {
    const services = this.#services.update(resources);
    const join = this.#join.update(resources);
    const ports = this.#ports;
    const touched = ports.update(join);
    const modes = this.#modes(resources);
    const pods = this.#pods.update({ resources, modes, ports, touched });
    const endpoints = this.#endpoints.update({ join, ports, pods, nodes: resources.Node });
    const { routes, statuses } = this.#routes.update(resources);
    const config = resources.MeshConfig.get(defaults.meshConfigName);
    const workloads = this.#workloads.update(pods.list, config);
    const peers = this.#peers.update(pods);
    const policies = this.#policyStatuses.update(resources, modes, pods);
    this.#before = { resources, modes };
    return {
      mesh: { services, endpoints, peers, routes, workloads },
      statuses: [...statuses, ...policies, ...this.#configStatus(config, workloads)],
    };
  }

  #configStatus(config: MeshConfig | undefined, workloads: readonly Workload[]): readonly PolicyStatus[] {
    if (config === undefined) return [];
    return [meshConfigStatus(config, this.#options.trustDomain, this.#workloadNames.of(workloads))];
  }

  #modes(resources: ResourceSet): MtlsModes {
    const before = this.#before;
    const isSame =
      before?.resources.PeerAuthentication === resources.PeerAuthentication &&
      before.resources.MeshConfig === resources.MeshConfig;
    return isSame ? before.modes : new MtlsModes(resources, this.#options.meshNamespace);
  }
}

class PolicyStatusStage {
  #statuses: readonly PolicyStatus[] = [];

  update(resources: ResourceSet, modes: MtlsModes, pods: MeshPodsUpdate): readonly PolicyStatus[] {
    if (pods.arePoliciesChanged) {
      this.#statuses = policyStatuses(resources.PeerAuthentication, modes, pods);
    }
    return this.#statuses;
  }
}

class WorkloadNames {
  #workloads: readonly Workload[] = [];
  #names: readonly string[] = [];

  of(workloads: readonly Workload[]): readonly string[] {
    if (workloads !== this.#workloads) this.#names = workloads.map(formatName);
    this.#workloads = workloads;
    return this.#names;
  }
}
