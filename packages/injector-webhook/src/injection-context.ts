import type { MeshConfig } from '@tulle/api';
import type { TextMap } from './pod/raw-pod.ts';
import type { InjectorSettings } from './settings/injector-settings.ts';

/** Everything that a pod's injection depends on besides the pod. */
export interface InjectionContext {
  readonly settings: InjectorSettings;
  readonly namespace: PodNamespace;
  /** Null: there is none. */
  readonly mesh: Pick<MeshConfig, 'proxy' | 'tracing'> | null;
  /** The mesh's roots, by which the sidecar verifies the control plane. */
  readonly rootsPem: string;
  /** Kubernetes 1.29 and later. */
  readonly hasNativeSidecars: boolean;
}

export interface PodNamespace {
  readonly name: string;
  readonly labels: TextMap;
  readonly annotations: TextMap;
}
