import type { ProxyOverrides } from '@tulle/api';
import type { Violation } from '@tulle/model';
import type { JsonPatchOperation } from './patch/json-patch.ts';
import type { RawPod } from './pod/raw-pod.ts';
import type { InjectorSettings } from './settings/injector-settings.ts';

/** Everything that a pod's injection depends on besides the pod. */
export interface InjectionContext {
  readonly settings: InjectorSettings;
  readonly namespace: PodNamespace;
  /** MeshConfig's spec.proxy and spec.tracing; empty where there is none. */
  readonly mesh: { readonly proxy: ProxyOverrides; readonly tracingEndpoint: string | null };
  /** The mesh's roots, which the sidecar verifies the control plane by. */
  readonly rootsPem: string;
  /** Kubernetes 1.29 and later. */
  readonly hasNativeSidecars: boolean;
}

export interface PodNamespace {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

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
      /** A word for programs, such as `host-network`. */
      readonly reason: string;
      /** The same in words. */
      readonly message: string;
      /** The pod itself asked for its sidecar: somebody should hear that it has none. */
      readonly isUnexpected: boolean;
    }
  | { readonly kind: 'deny'; readonly violations: readonly Violation[] };

/**
 * Whether a pod gets a sidecar, and the pod with it. Pure; what it has injected before is replaced by what the
 * settings say now, so that it may run again over its own result. `pod` is any JSON.
 */
export function injectPod(pod: unknown, context: InjectionContext): InjectionResult {
  void pod;
  void context;
  return { kind: 'skip', reason: 'not-built', message: 'is being built', isUnexpected: true };
}
