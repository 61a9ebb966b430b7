import { type ProxyOptions, quantityValue, sidecarPorts } from '@tulle/api';
import type { RawContainer, RawPodSpec, RawResources } from '../pod/raw-pod.ts';
import { initEnvironment, type SidecarSetup, sidecarEnvironment } from './environment.ts';
import { mountPaths, ownNames, programs, sidecarUser } from './names.ts';

/** Makes the rules of capture, and ends. */
export function initContainer({ options, context }: SidecarSetup, spec: RawPodSpec): RawContainer {
  return {
    name: ownNames.init,
    image: options.image,
    imagePullPolicy: context.settings.imagePullPolicy,
    command: [programs.node, programs.init],
    env: initEnvironment(options),
    ...resources(initResources(options), spec),
    securityContext: {
      runAsUser: 0,
      runAsGroup: 0,
      runAsNonRoot: false,
      allowPrivilegeEscalation: false,
      privileged: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'], add: ['NET_ADMIN', 'NET_RAW'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'FallbackToLogsOnError',
  };
}

export function sidecarContainer(setup: SidecarSetup, spec: RawPodSpec): RawContainer {
  const { options, context, isNative } = setup;
  return {
    name: ownNames.sidecar,
    image: options.image,
    imagePullPolicy: context.settings.imagePullPolicy,
    ...(isNative ? { restartPolicy: 'Always' } : {}),
    ports: [{ name: 'tulle-metrics', containerPort: sidecarPorts.metrics, protocol: 'TCP' }],
    env: sidecarEnvironment(setup),
    ...resources(sidecarResources(options), spec),
    securityContext: {
      runAsUser: sidecarUser,
      runAsGroup: sidecarUser,
      runAsNonRoot: true,
      allowPrivilegeEscalation: false,
      privileged: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
    ...readiness(isNative),
    volumeMounts: [
      { name: ownNames.tokenVolume, mountPath: mountPaths.token, readOnly: true },
      { name: ownNames.stateVolume, mountPath: mountPaths.state },
    ],
    terminationMessagePath: '/dev/termination-log',
    terminationMessagePolicy: 'FallbackToLogsOnError',
  };
}

/**
 * The application starts when the sidecar is ready: by the startup probe of a native one, by the hook of an ordinary
 * one, since kubelet starts containers in order and waits for their hooks.
 */
function readiness(isNative: boolean): Partial<RawContainer> {
  const httpGet = { path: '/readyz', port: sidecarPorts.metrics, scheme: 'HTTP' };
  const readinessProbe = {
    httpGet,
    periodSeconds: 2,
    timeoutSeconds: 3,
    failureThreshold: 3,
    successThreshold: 1,
  };
  if (!isNative) {
    return {
      readinessProbe,
      lifecycle: { postStart: { exec: { command: [programs.node, programs.wait] } } },
    };
  }
  // Ten minutes: a control plane that is away for a while is no reason to start the sidecar again.
  const startupProbe = {
    httpGet,
    periodSeconds: 1,
    timeoutSeconds: 3,
    failureThreshold: 600,
    successThreshold: 1,
  };
  return { startupProbe, readinessProbe };
}

function sidecarResources({
  cpuRequest,
  cpuLimit,
  memoryRequest,
  memoryLimit,
}: ProxyOptions): RawResources | null {
  const requests = amounts(cpuRequest, memoryRequest);
  const limits = amounts(cpuLimit, memoryLimit);
  if (requests === null && limits === null) return null;
  return { ...(limits === null ? {} : { limits }), ...(requests === null ? {} : { requests }) };
}

function amounts(cpu: string | null, memory: string | null): Readonly<Record<string, string>> | null {
  if (cpu === null && memory === null) return null;
  return { ...(cpu === null ? {} : { cpu }), ...(memory === null ? {} : { memory }) };
}

/** It has ended before the others run: what it asks for is not added to what they do. */
function initResources(options: ProxyOptions): RawResources {
  const { cpuRequest, cpuLimit, memoryRequest, memoryLimit } = options;
  const isFixed = cpuLimit !== null && memoryLimit !== null;
  if (isFixed && cpuRequest === cpuLimit && memoryRequest === memoryLimit) {
    // The pod's quality of service is Guaranteed only if everything in it is.
    const both = { cpu: cpuLimit, memory: memoryLimit };
    return { limits: both, requests: both };
  }
  const limits = { ...(cpuLimit === null ? {} : { cpu: cpuLimit }), memory: '128Mi' };
  const isTight = cpuLimit !== null && (quantityValue(cpuLimit) ?? 1) < 0.01;
  return { limits, requests: { cpu: isTight ? cpuLimit : '10m', memory: '64Mi' } };
}

/** Left out where the pod says what it takes as a whole: ours would be counted against that, and might not fit. */
function resources(own: RawResources | null, { resources: whole }: RawPodSpec): Partial<RawContainer> {
  const isWhole = whole?.requests !== undefined || whole?.limits !== undefined;
  return own === null || isWhole ? {} : { resources: own };
}
