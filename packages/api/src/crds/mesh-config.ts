import { onlyMeshConfigName, unknownDestinationNames } from '../kinds/mesh-config.ts';
import { sampleShareRange } from '../kinds/tracing-defaults.ts';
import { httpUrl, trustDomain } from '../text-rules.ts';
import type { CustomResource } from './custom-resource.ts';
import { mtlsSchema } from './mtls-schema.ts';
import { proxyDefaultsSchema } from './proxy-defaults-schema.ts';
import { choiceSchema, numberSchema, objectSchema, textSchema } from './schema.ts';

export const meshConfig: CustomResource = {
  kind: 'MeshConfig',
  plural: 'meshconfigs',
  shortNames: ['tmc'],
  isNamespaced: false,
  description:
    'What holds for the whole mesh where nothing narrower says otherwise. There is one, named default.',
  rules: [
    {
      rule: `self.metadata.name == '${onlyMeshConfigName.name}'`,
      message: `must be ${onlyMeshConfigName.is}`,
      messageExpression: `'must be ${onlyMeshConfigName.is}, not "' + self.metadata.name + '"'`,
    },
  ],
  spec: objectSchema('What holds.', {
    trustDomain: textSchema(
      "What the author takes the mesh's trust domain to be. It is settled at the installation: another one is told in the status.",
      trustDomain,
    ),
    mtls: mtlsSchema('What workloads take where no PeerAuthentication says otherwise.'),
    outbound: objectSchema("What becomes of the applications' connections.", {
      unknownDestinations: choiceSchema(
        "Whether captured connections to an address that is neither a service's nor a pod's are passed through as they are (Allow, the default) or refused.",
        unknownDestinationNames,
      ),
    }),
    proxy: proxyDefaultsSchema,
    tracing: objectSchema('Where new sidecars send their traces.', {
      endpoint: textSchema("An OTLP/HTTP collector's URL; without one nothing is traced.", httpUrl),
      sampleShare: numberSchema('The share of new traces that is recorded.', sampleShareRange),
    }),
  }),
  columns: [
    { name: 'Mode', type: 'string', jsonPath: '.spec.mtls.mode' },
    { name: 'Unknown', type: 'string', jsonPath: '.spec.outbound.unknownDestinations' },
  ],
};
