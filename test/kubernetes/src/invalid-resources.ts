/** Resources of the mesh's own kinds that are refused, with what the refusal has to say: where, what, and what to write. */
export interface InvalidResource {
  readonly kind: 'PeerAuthentication' | 'MeshConfig';
  /** Of the object; default `invalid` or, of a MeshConfig, `default`. */
  readonly name?: string;
  /** YAML in flow style. */
  readonly spec: string;
  readonly refusals: readonly string[];
  /** Only the injector refuses it: a schema knows the form of a text, and does not compare. */
  readonly isBeyondSchema?: boolean;
}

const modes = 'must be one of STRICT, PERMISSIVE, DISABLE, UNSET';
const key = 'must have as its key a port of the pod from 1 to 65535';
const labelKey = 'must have as its key a label name such as app or example.com/app';
const quantity = 'must be a quantity such as 100m, 0.5 or 128Mi';
const portOrRange = 'must be a port or a range of ports such as 9000-9010';
const block = 'must be a block of addresses such as 10.0.0.0/8 or fd00::/8';
const seconds = 'must be a whole number from 0 to 3600';

const policies: readonly InvalidResource[] = [
  policy('{ mtls: { mode: OFTEN } }', `spec.mtls.mode: ${modes}, not "OFTEN"`),
  policy('{ mtls: { mode: strict } }', `spec.mtls.mode: ${modes}, not "strict"`),
  policy('{ mtls: { mode: 3 } }', 'spec.mtls.mode: must be a text, not 3: put it in quotes'),
  policy('{ mtls: STRICT }', 'spec.mtls: must be an object, not the text "STRICT"'),
  policy('[]', 'spec: must be an object, not a list'),
  policy('{ selector: app }', 'spec.selector: must be an object, not the text "app"'),
  policy('{ selector: { matchLabels: { "a b": x } } }', `spec.selector.matchLabels["a b"]: ${labelKey}`),
  policy(
    '{ selector: { matchLabels: { app: "-x-" } } }',
    'spec.selector.matchLabels.app: must be letters, digits, "-", "_" and ".", at most 63 characters, not "-x-"',
  ),
  policy(
    '{ portLevelMtls: { "8080": { mode: STRICT } } }',
    'spec.portLevelMtls: needs a selector: a policy for a whole namespace or mesh has one mode for every port',
  ),
  policy(selecting('"0": { mode: STRICT }'), `spec.portLevelMtls["0"]: ${key}, not "0"`),
  policy(selecting('"70000": { mode: STRICT }'), `spec.portLevelMtls["70000"]: ${key}, not "70000"`),
  policy(selecting('http: { mode: STRICT }'), `spec.portLevelMtls.http: ${key}, not "http"`),
  policy(selecting('"8080": { mode: NONE }'), `spec.portLevelMtls["8080"].mode: ${modes}, not "NONE"`),
  policy(
    '{ selector: app, mtls: { mode: SOMETIMES } }',
    'spec.selector: must be an object, not the text "app"',
    `spec.mtls.mode: ${modes}, not "SOMETIMES"`,
  ),
];

const configs: readonly InvalidResource[] = [
  {
    ...config('{}', 'metadata.name: must be default, the one MeshConfig that a mesh has, not "other"'),
    name: 'other',
  },
  config('{ mtls: { mode: REQUIRED } }', `spec.mtls.mode: ${modes}, not "REQUIRED"`),
  config(
    '{ outbound: { unknownDestinations: Deny } }',
    'spec.outbound.unknownDestinations: must be one of Allow, Refuse, not "Deny"',
  ),
  config('{ outbound: [] }', 'spec.outbound: must be an object, not a list'),
  config(
    '{ trustDomain: Mesh_1 }',
    'spec.trustDomain: must be a trust domain in lower case such as cluster.local, not "Mesh_1"',
  ),
  config(
    '{ proxy: { logLevel: loud } }',
    'spec.proxy.logLevel: must be one of debug, info, warn, error, silent, not "loud"',
  ),
  config(
    '{ proxy: { accessLog: all } }',
    'spec.proxy.accessLog: must be one of off, errors, text, json, not "all"',
  ),
  config('{ proxy: { drainSeconds: -1 } }', `spec.proxy.drainSeconds: ${seconds}, not -1`),
  config('{ proxy: { drainSeconds: "10" } }', `spec.proxy.drainSeconds: ${seconds}, not the text "10"`),
  config(
    '{ proxy: { resources: { requests: { cpu: lots } } } }',
    `spec.proxy.resources.requests.cpu: ${quantity}, not "lots"`,
  ),
  {
    ...config(
      '{ proxy: { resources: { requests: { cpu: 2 }, limits: { cpu: 1 } } } }',
      'spec.proxy.resources.requests.cpu: must not be more than its limit of 1',
    ),
    isBeyondSchema: true,
  },
  {
    ...config(
      '{ proxy: { excludedOutboundCidrs: [10.0.0.0/33] } }',
      `spec.proxy.excludedOutboundCidrs[0]: ${block}, not "10.0.0.0/33"`,
    ),
    isBeyondSchema: true,
  },
  config(
    '{ proxy: { excludedOutboundCidrs: 10.0.0.0/8 } }',
    'spec.proxy.excludedOutboundCidrs: must be a list, not the text "10.0.0.0/8"',
  ),
  {
    ...config(
      '{ proxy: { excludedOutboundPorts: [9000-80] } }',
      `spec.proxy.excludedOutboundPorts[0]: ${portOrRange}, not "9000-80"`,
    ),
    isBeyondSchema: true,
  },
  config(
    `{ proxy: { excludedInboundPorts: [${Array.from({ length: 65 }, (_, i) => i + 1)}] } }`,
    'spec.proxy.excludedInboundPorts: must have at most 64 items, not 65',
  ),
  config(
    '{ tracing: { endpoint: "collector:4318" } }',
    'spec.tracing.endpoint: must be a URL such as http://otel-collector.monitoring:4318, not "collector:4318"',
  ),
  config(
    '{ tracing: { sampleShare: 1.5 } }',
    'spec.tracing.sampleShare: must be a number from 0 to 1, not 1.5',
  ),
  config('{ tracing: "on" }', 'spec.tracing: must be an object, not the text "on"'),
];

export const invalidResources: readonly InvalidResource[] = [...policies, ...configs];

export function resourceYaml({ kind, name, spec }: InvalidResource, namespace: string): string {
  const metadata =
    kind === 'MeshConfig'
      ? `name: ${name ?? 'default'}`
      : `name: ${name ?? 'invalid'}, namespace: ${namespace}`;
  return `apiVersion: tulle.dev/v1alpha1\nkind: ${kind}\nmetadata: { ${metadata} }\nspec: ${spec}\n`;
}

function policy(spec: string, ...refusals: readonly string[]): InvalidResource {
  return { kind: 'PeerAuthentication', spec, refusals };
}

function config(spec: string, ...refusals: readonly string[]): InvalidResource {
  return { kind: 'MeshConfig', spec, refusals };
}

function selecting(ports: string): string {
  return `{ selector: { matchLabels: { app: x } }, portLevelMtls: { ${ports} } }`;
}
