import {
  configPrefix,
  type ProxyOptions,
  type ProxyOverrides,
  readConfigAnnotations,
  sidecarPorts,
} from '@tulle/api';
import type { Violation } from '@tulle/model';
import { decideInjection, type SkipReason, skipReasons } from './decision/decide-injection.ts';
import { labelViolations, podViolations } from './decision/pod-violations.ts';
import { podWarnings } from './decision/pod-warnings.ts';
import { addInjected } from './injected/add-injected.ts';
import { ownNames } from './injected/names.ts';
import { type StandingLists, stripInjected } from './injected/strip-injected.ts';
import type { InjectionContext } from './injection-context.ts';
import { meshOverrides } from './options/levels.ts';
import { mergeOptions } from './options/merge-options.ts';
import { type JsonPatchOperation, jsonPatch } from './patch/json-patch.ts';
import type { RawPod } from './pod/raw-pod.ts';
import { readPod } from './pod/read-pod.ts';
import { probeTableFaults } from './probes/probe-table.ts';
import { rewriteProbes } from './probes/rewrite-probes.ts';

export type InjectionResult =
  | {
      readonly kind: 'inject';
      /** What makes `pod` of what was given. */
      readonly patch: readonly JsonPatchOperation[];
      readonly pod: RawPod;
      readonly warnings: readonly Violation[];
    }
  | {
      readonly kind: 'skip';
      /** A word for programs. */
      readonly reason: SkipReason;
      /** The same in words. */
      readonly message: string;
      /** The pod itself asked for its sidecar, or nothing else tells: somebody should hear that it has none. */
      readonly isUnexpected: boolean;
    }
  | { readonly kind: 'deny'; readonly violations: readonly Violation[] };

/**
 * Whether a pod gets a sidecar, and the pod with it. Pure; what it has injected before is replaced by what the
 * settings say now, so that it may run again over its own result. `json` is any JSON.
 */
export function injectPod(json: unknown, context: InjectionContext): InjectionResult {
  const read = readPod(json);
  if (!read.ok) return { kind: 'deny', violations: read.violations };
  const pod = read.value;
  const mislabelled = labelViolations(pod);
  if (mislabelled.length > 0) return { kind: 'deny', violations: mislabelled };
  const decision = decideInjection(pod, context);
  if (decision.do === 'skip') return skip(decision.reason, decision.isUnexpected);

  const { pod: original, standing } = stripInjected(pod);
  const { own, options, violations, warnings } = optionsOf(original, context);
  const faults = [...violations, ...nativeFaults(options, own, context), ...podViolations(original, options)];
  if (faults.length > 0) return { kind: 'deny', violations: faults };
  const isNative = isNativeSidecar(options, context);
  const ends = original.spec.restartPolicy === 'Never' || original.spec.restartPolicy === 'OnFailure';
  if (!isNative && ends) return skip('never-finishes', true);

  const { namespace } = context;
  const early = earlyContainers(original.spec, standing, isNative);
  const probed = withProbes(original, options, early);
  const tooMuch = probeTableFaults(probed.table);
  if (tooMuch.length > 0) return { kind: 'deny', violations: tooMuch };
  const setup = { options, context, isNative, probes: probed.table };
  const injected = addInjected(probed.pod, setup, standing);
  const patch = jsonPatch(pod, injected);
  if (patch.length === 0) return skip('already-injected', false);
  const odd = podWarnings(original, { options, namespace, isNative });
  return { kind: 'inject', patch, pod: injected, warnings: [...warnings, ...probed.warnings, ...odd] };
}

function skip(reason: SkipReason, isUnexpected: boolean): InjectionResult {
  return { kind: 'skip', reason, message: skipReasons[reason], isUnexpected };
}

/**
 * A pod's own annotations are judged: it is about to be made. Those of its namespace were judged when they were
 * written; one that came past that is warned of, and does not keep every pod of the namespace from starting.
 */
function optionsOf(pod: RawPod, { settings, namespace, mesh }: InjectionContext) {
  const own = readConfigAnnotations(pod.metadata?.annotations);
  const place = `namespace ${namespace.name}: metadata.annotations`;
  const wide = readConfigAnnotations(namespace.annotations, place);
  const merged = mergeOptions(settings.proxy, [
    { place: 'MeshConfig', overrides: mesh === null ? {} : meshOverrides(mesh) },
    { place, overrides: wide.overrides },
    { place: 'metadata.annotations', overrides: own.overrides },
  ]);
  const isOwn = ({ path }: Violation) => path === 'metadata.annotations';
  return {
    own: own.overrides,
    options: merged.options,
    violations: [...own.violations, ...merged.violations.filter(isOwn)],
    warnings: [...own.warnings, ...wide.violations, ...merged.violations.filter((one) => !isOwn(one))],
  };
}

function isNativeSidecar({ nativeSidecar }: ProxyOptions, { hasNativeSidecars }: InjectionContext): boolean {
  return nativeSidecar === 'auto' ? hasNativeSidecars : nativeSidecar === 'enabled';
}

function nativeFaults(
  { nativeSidecar }: ProxyOptions,
  own: ProxyOverrides,
  { hasNativeSidecars }: InjectionContext,
): readonly Violation[] {
  if (nativeSidecar !== 'enabled' || hasNativeSidecars) return [];
  const name = `${configPrefix}native-sidecar`;
  const reason = 'the cluster has no native sidecars (Kubernetes 1.29)';
  return own.nativeSidecar === undefined
    ? [{ path: '', reason: `${reason}, and the namespace or the installation says ${name}: enabled` }]
    : [{ path: `metadata.annotations["${name}"]`, reason: `${reason}: leave it out, or set it to auto` }];
}

/** Init containers that start before the sidecar: those that others have put before it, or all before an ordinary one. */
function earlyContainers(
  { initContainers = [] }: RawPod['spec'],
  standing: StandingLists,
  isNative: boolean,
): readonly string[] {
  const own = standing.initContainers.findIndex(({ name }) => name === ownNames.sidecar);
  return (isNative ? standing.initContainers.slice(0, Math.max(0, own)) : initContainers).map(
    ({ name }) => name,
  );
}

function withProbes(pod: RawPod, options: ProxyOptions, early: readonly string[]) {
  // What is not captured reaches the application's ports as before.
  if (options.rewriteProbes === 'disabled' || options.capture === 'disabled') {
    return { pod, table: {}, warnings: [] };
  }
  const { spec, table, warnings } = rewriteProbes(pod.spec, {
    sidecarPort: sidecarPorts.metrics,
    early,
  });
  return { pod: { ...pod, spec }, table, warnings };
}
