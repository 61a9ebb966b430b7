import { defaults } from '@tulle/api';
import { formatName } from '@tulle/model';
import type { ResourceSet } from '../sources/resource-set.ts';
import { translateEndpoints } from './endpoints.ts';
import { meshPods } from './mesh-pods.ts';
import { MtlsModes } from './mtls-modes.ts';
import { translatePeers } from './peers.ts';
import { meshConfigStatus } from './policy-status.ts';
import { translateRoutes } from './routes.ts';
import { translateServices } from './services.ts';
import { joinSlices } from './slice-join.ts';
import type { TranslateOptions } from './translate-options.ts';
import type { Translated } from './translated.ts';
import { translateWorkloads } from './workloads.ts';

/**
 * Resources in, the mesh and statuses out. Pure: the same resources give the same result, in whatever order
 * they were read. Golden pairs: testdata/translate.
 */
export function translate(resources: ResourceSet, options: TranslateOptions): Translated {
  const services = translateServices(resources, options);
  const joined = joinSlices(resources);
  const modes = new MtlsModes(resources, options.meshNamespace);
  const pods = meshPods(resources, joined, { ...options, modes });
  const endpoints = translateEndpoints(joined, pods);
  const { routes, statuses } = translateRoutes(resources);
  const config = resources.MeshConfig.get(defaults.meshConfigName);
  const workloads = translateWorkloads(pods.values(), config);
  const peers = translatePeers(pods.values());
  return {
    mesh: { services, endpoints, peers, routes, workloads },
    statuses: [
      ...statuses,
      ...modes.statuses(resources),
      ...(config === undefined
        ? []
        : [meshConfigStatus(config, options.trustDomain, workloads.map(formatName))]),
    ],
  };
}
