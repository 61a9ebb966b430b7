import type { ValueGroup, ValueSpec, ValueTree } from './value-spec.ts';

const quantity = '^(none|[0-9]{1,15}(\\.[0-9]{1,9})?(m|k|M|G|T|P|Ki|Mi|Gi|Ti|Pi)?)$';
const name = '^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)?$';

const text = (value: string, pattern: string, about: string): ValueSpec => ({
  kind: 'text',
  default: value,
  pattern,
  about,
});
const choice = (value: string, choices: readonly string[], about: string): ValueSpec => ({
  kind: 'choice',
  default: value,
  choices,
  about,
});
const integer = (value: number | null, [min, max]: readonly [number, number], about: string): ValueSpec => ({
  kind: 'integer',
  default: value,
  min,
  max,
  about,
});
const flag = (value: boolean, about: string): ValueSpec => ({ kind: 'boolean', default: value, about });
const texts = (value: readonly string[], about: string): ValueSpec => ({
  kind: 'list',
  default: value,
  items: 'text',
  about,
});
const group = (about: string, values: ValueTree): ValueGroup => ({ kind: 'group', about, values });

/** What both programs of the mesh have in common. */
const placement = (resources: Readonly<Record<string, unknown>>): ValueTree => ({
  replicas: integer(2, [1, 20], 'How many pods. One is enough to try it; two stand a node that goes away.'),
  logLevel: choice('info', ['debug', 'info', 'warn', 'error', 'silent'], 'What its log tells.'),
  resources: { kind: 'object', default: resources, about: "The container's resources." },
  nodeSelector: { kind: 'object', default: {}, about: 'Labels of the nodes that it may run on.' },
  tolerations: { kind: 'list', default: [], items: 'object', about: 'Taints of nodes that it may run on.' },
  priorityClassName: text(
    '',
    name,
    'A priority class. system-cluster-critical keeps it when nodes are full, at the cost of your pods.',
  ),
});

/** Every value of an installation: `values.yaml`, its schema and `tulle install` are made of this. */
export const valueTree: ValueTree = {
  trustDomain: text(
    'cluster.local',
    '^[a-z0-9][a-z0-9._-]{0,254}$',
    'The first part of every identity (spiffe://TRUST-DOMAIN/ns/.../sa/...). Settled for good: to change it is to install anew.',
  ),
  image: group('Where the images come from: REGISTRY/control-plane, /injector and /sidecar.', {
    registry: text('tulle.dev', '^[a-z0-9][a-z0-9._/:-]{0,254}$', 'The registry, with a path if it has one.'),
    version: text(
      '',
      // It is the value of a label too.
      '^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$',
      "The images' tag; empty: this version.",
    ),
    pullPolicy: choice('IfNotPresent', ['Always', 'IfNotPresent', 'Never'], 'When nodes ask the registry.'),
    pullSecrets: {
      kind: 'list',
      default: [],
      items: 'object',
      about: 'Secrets for the registry, as in a pod: [{ name: my-registry }]. Applications need their own.',
    },
  }),
  crds: group('The kinds that operators write: PeerAuthentication, MeshConfig.', {
    install: flag(true, 'Whether they come with this installation. They stay when it is taken away.'),
  }),
  controlPlane: group('Tells sidecars what to do, and who they are.', {
    ...placement({ requests: { cpu: '100m', memory: '192Mi' }, limits: { memory: '1Gi' } }),
    leafTtlSeconds: integer(86_400, [600, 2_592_000], "The life of a workload's certificate."),
  }),
  injector: group('Puts sidecars into pods as they are made.', {
    ...placement({ requests: { cpu: '50m', memory: '96Mi' }, limits: { memory: '256Mi' } }),
    certificateSecret: text(
      '',
      name,
      "A Secret of the mesh's namespace with tls.crt, tls.key and ca.crt, as cert-manager writes it, for the webhooks; empty: the injector makes a certificate itself.",
    ),
    failurePolicy: choice(
      'Fail',
      ['Fail', 'Ignore'],
      'What becomes of new pods in labelled namespaces while no injector answers: refused, or made without a sidecar.',
    ),
  }),
  proxy: group('What sidecars get where neither MeshConfig nor an annotation says otherwise.', {
    logLevel: choice('info', ['debug', 'info', 'warn', 'error', 'silent'], "What a sidecar's own log tells."),
    accessLog: choice(
      'errors',
      ['off', 'errors', 'text', 'json'],
      'Which requests and connections it logs: none, those that went wrong (at most ten a second), or all.',
    ),
    drainSeconds: integer(10, [0, 3_600], 'At its end: how long what is under way may take.'),
    cpuRequest: text('50m', quantity, 'Cores that it asks for.'),
    memoryRequest: text('128Mi', quantity, 'Memory that it asks for.'),
    cpuLimit: text('none', quantity, 'Cores that it may have at most.'),
    memoryLimit: text('512Mi', quantity, 'Memory that it may have at most.'),
    excludedOutboundCidrs: texts([], 'Destinations that are not captured: [10.0.0.0/8].'),
    excludedOutboundPorts: {
      kind: 'list',
      default: [],
      items: 'number-or-text',
      about: 'The same by port: [5432, 9000-9010].',
    },
    excludedInboundPorts: {
      kind: 'list',
      default: [],
      items: 'number-or-text',
      about: "The pods' ports that are not captured.",
    },
  }),
  tracing: group("Where sidecars' traces go.", {
    endpoint: text('', '^(https?://[^\\s/?#"]+(/[^\\s"]*)?)?$', 'An OTLP/HTTP collector; empty: nowhere.'),
    sampleShare: {
      kind: 'number',
      default: 0.01,
      min: 0,
      max: 1,
      about: 'The share of new traces that is recorded.',
    },
  }),
  topologySpread: group('How the pods of each program are spread over nodes.', {
    whenUnsatisfiable: choice(
      'ScheduleAnyway',
      ['ScheduleAnyway', 'DoNotSchedule'],
      'Whether two may share a node where there is no other.',
    ),
  }),
  podDisruptionBudget: group('Keeps one of each program while nodes are drained.', {
    enabled: flag(true, 'Whether there is one.'),
  }),
  networkPolicy: group('Who may connect to the mesh itself, where the network enforces policies.', {
    enabled: flag(true, 'Whether there is one: the ports below, from everywhere, and nothing else.'),
  }),
};
