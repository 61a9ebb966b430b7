import { builtin, textValue } from '../template/tree.ts';
import type { ManifestFamily } from './manifest.ts';
import { downward, programManifests, setting } from './program.ts';

export const controlPlane: ManifestFamily = {
  name: 'control-plane',
  objects: programManifests({
    program: 'tulle-control-plane',
    image: 'control-plane',
    values: 'controlPlane',
    env: [
      setting('TULLE_SOURCE', 'kubernetes'),
      downward('TULLE_REPLICA', 'metadata.name'),
      setting('TULLE_MESH_NAMESPACE', builtin('namespace')),
      setting('TULLE_TRUST_DOMAIN', textValue('trustDomain')),
      setting('TULLE_LEAF_TTL_SECONDS', textValue('controlPlane.leafTtlSeconds')),
      setting('TULLE_LOG_LEVEL', textValue('controlPlane.logLevel')),
    ],
    ports: [
      { name: 'grpc', port: 15_012, servicePort: 15_012 },
      { name: 'http-admin', port: 15_014, servicePort: 15_014 },
    ],
  }),
};
