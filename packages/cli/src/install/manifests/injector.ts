import { builtin, Optional, type Tree, textValue, value, When, YamlText } from '../template/tree.ts';
import type { ManifestFamily } from './manifest.ts';
import { own } from './names.ts';
import { downward, programManifests, setting } from './program.ts';

/** What sidecars are made of; the injector hears of a change by itself. */
const settings = {
  apiVersion: 'v1',
  kind: 'ConfigMap',
  metadata: own('tulle-injector', 'tulle-injector'),
  data: {
    'config.yaml': new YamlText({
      meshNamespace: builtin('namespace'),
      trustDomain: value('trustDomain'),
      version: builtin('version'),
      imagePullPolicy: value('image.pullPolicy'),
      tracingEndpoint: new Optional('tracing.endpoint'),
      proxy: {
        image: `${value('image.registry')}/sidecar:${builtin('version')}`,
        logLevel: value('proxy.logLevel'),
        accessLog: value('proxy.accessLog'),
        drainSeconds: value('proxy.drainSeconds'),
        cpuRequest: value('proxy.cpuRequest'),
        memoryRequest: value('proxy.memoryRequest'),
        cpuLimit: value('proxy.cpuLimit'),
        memoryLimit: value('proxy.memoryLimit'),
        excludedOutboundCidrs: new Optional('proxy.excludedOutboundCidrs'),
        excludedOutboundPorts: new Optional('proxy.excludedOutboundPorts'),
        excludedInboundPorts: new Optional('proxy.excludedInboundPorts'),
        tracingSample: value('tracing.sampleShare'),
      },
    }),
  },
};

const certificatePath = '/var/run/secrets/tulle.dev/certificate';
const ifGiven = (tree: Tree) => new When('injector.certificateSecret', tree);

export const injector: ManifestFamily = {
  name: 'injector',
  objects: [
    { object: settings },
    ...programManifests({
      program: 'tulle-injector',
      image: 'injector',
      values: 'injector',
      env: [
        downward('TULLE_REPLICA', 'metadata.name'),
        setting('TULLE_MESH_NAMESPACE', builtin('namespace')),
        setting('TULLE_LOG_LEVEL', textValue('injector.logLevel')),
        ifGiven(setting('TULLE_CERTIFICATE_DIR', certificatePath)),
      ],
      volumes: ifGiven([
        { name: 'certificate', secret: { secretName: value('injector.certificateSecret') } },
      ]),
      volumeMounts: ifGiven([{ name: 'certificate', mountPath: certificatePath, readOnly: true }]),
      ports: [
        { name: 'https', port: 9_443, servicePort: 443 },
        { name: 'http-admin', port: 15_014, servicePort: 15_014 },
      ],
    }),
  ],
};
