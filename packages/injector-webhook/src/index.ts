/** Decides which pods get a sidecar, and how: pure functions, which `tulle inject` runs without a cluster too. */
export { type InjectionResult, injectPod } from './inject-pod.ts';
export type { InjectionContext, PodNamespace } from './injection-context.ts';
export type { JsonPatchOperation } from './patch/json-patch.ts';
export type { RawContainer, RawPod } from './pod/raw-pod.ts';
export { defaultInjectorSettings, type InjectorSettings } from './settings/injector-settings.ts';
export { type ParsedInjectorSettings, parseInjectorSettings } from './settings/parse-injector-settings.ts';
export type { Webhook, WebhookTarget } from './webhooks/webhook.ts';
export {
  type WebhookConfigurationOptions,
  webhookConfigurationName,
  webhookConfigurations,
} from './webhooks/webhook-configurations.ts';
