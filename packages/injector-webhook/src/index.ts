/** Decides which pods get a sidecar, and how: pure functions, which `tulle inject` runs without a cluster too. */
export { type InjectionContext, type InjectionResult, injectPod, type PodNamespace } from './inject-pod.ts';
export type { JsonPatchOperation } from './patch/json-patch.ts';
export type { RawContainer, RawPod } from './pod/raw-pod.ts';
export { defaultInjectorSettings, type InjectorSettings } from './settings/injector-settings.ts';
export { parseInjectorSettings } from './settings/parse-injector-settings.ts';
