import { builtin, Optional, type Tree, value } from '../template/tree.ts';
import type { Manifest } from './manifest.ts';
import { labelsOf, own, type Program, selectorOf } from './names.ts';

/** The two programs run in the same way: what differs is told here. */
export interface ProgramOptions {
  readonly program: Program;
  /** The image's name, below the registry. */
  readonly image: string;
  /** Where its values stand: `controlPlane`. */
  readonly values: string;
  readonly env: readonly Tree[];
  readonly ports: readonly { readonly name: string; readonly port: number; readonly servicePort: number }[];
  readonly volumes?: Tree;
  readonly volumeMounts?: Tree;
}

/** Its Deployment, its Service and its disruption budget. */
export function programManifests(options: ProgramOptions): readonly Manifest[] {
  const { program, ports } = options;
  return [
    { object: deployment(options) },
    {
      object: {
        apiVersion: 'v1',
        kind: 'Service',
        metadata: own(program, program),
        spec: {
          selector: selectorOf(program),
          ports: ports.map(({ name, servicePort }) => ({ name, port: servicePort, targetPort: name })),
        },
      },
    },
    {
      when: 'podDisruptionBudget.enabled',
      object: {
        apiVersion: 'policy/v1',
        kind: 'PodDisruptionBudget',
        metadata: own(program, program),
        // Not minAvailable: with one replica that would keep its node from ever being drained.
        spec: { maxUnavailable: 1, selector: { matchLabels: selectorOf(program) } },
      },
    },
    {
      when: 'networkPolicy.enabled',
      object: {
        apiVersion: 'networking.k8s.io/v1',
        kind: 'NetworkPolicy',
        metadata: own(program, program),
        // From everywhere: the API server calls from outside of every pod's network.
        spec: {
          podSelector: { matchLabels: selectorOf(program) },
          policyTypes: ['Ingress'],
          ingress: [{ ports: ports.map(({ port }) => ({ protocol: 'TCP', port })) }],
        },
      },
    },
  ];
}

function deployment(options: ProgramOptions) {
  const { program, values } = options;
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: own(program, program),
    spec: {
      replicas: value(`${values}.replicas`),
      selector: { matchLabels: selectorOf(program) },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
      template: {
        metadata: {
          labels: { ...labelsOf(program), 'tulle.dev/inject': 'disabled' },
          annotations: { 'kubectl.kubernetes.io/default-container': containerName(options) },
        },
        spec: podSpec(options),
      },
    },
  };
}

function podSpec(options: ProgramOptions): Tree {
  const { program, values, volumes } = options;
  return {
    serviceAccountName: program,
    automountServiceAccountToken: true,
    // Else a Service that is called tulle would give them a TULLE_PORT.
    enableServiceLinks: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 65_532,
      runAsGroup: 65_532,
      fsGroup: 65_532,
      seccompProfile: { type: 'RuntimeDefault' },
    },
    imagePullSecrets: new Optional('image.pullSecrets'),
    nodeSelector: new Optional(`${values}.nodeSelector`),
    tolerations: new Optional(`${values}.tolerations`),
    priorityClassName: new Optional(`${values}.priorityClassName`),
    topologySpreadConstraints: ['kubernetes.io/hostname', 'topology.kubernetes.io/zone'].map(
      (topologyKey) => ({
        maxSkew: 1,
        topologyKey,
        whenUnsatisfiable:
          topologyKey === 'kubernetes.io/hostname'
            ? value('topologySpread.whenUnsatisfiable')
            : 'ScheduleAnyway',
        labelSelector: { matchLabels: selectorOf(program) },
      }),
    ),
    terminationGracePeriodSeconds: 30,
    containers: [container(options)],
    ...(volumes === undefined ? {} : { volumes }),
  };
}

function container(options: ProgramOptions): Tree {
  const { image, values, env, ports, volumeMounts } = options;
  const health = (path: string) => ({ httpGet: { path, port: 'http-admin' } });
  return {
    name: containerName(options),
    image: `${value('image.registry')}/${image}:${builtin('version')}`,
    imagePullPolicy: value('image.pullPolicy'),
    env,
    ports: ports.map(({ name, port }) => ({ name, containerPort: port })),
    startupProbe: { ...health('/livez'), periodSeconds: 1, failureThreshold: 60 },
    livenessProbe: { ...health('/livez'), periodSeconds: 10, timeoutSeconds: 5, failureThreshold: 3 },
    readinessProbe: { ...health('/readyz'), periodSeconds: 5, timeoutSeconds: 3, failureThreshold: 2 },
    resources: value(`${values}.resources`),
    securityContext: {
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
    },
    ...(volumeMounts === undefined ? {} : { volumeMounts }),
  };
}

function containerName({ image }: ProgramOptions): string {
  return image;
}

/** A setting of a program. */
export function setting(name: string, setTo: string): Tree {
  return { name, value: setTo };
}

/** A setting that the pod's own metadata gives. */
export function downward(name: string, fieldPath: string): Tree {
  return { name, valueFrom: { fieldRef: { fieldPath } } };
}
