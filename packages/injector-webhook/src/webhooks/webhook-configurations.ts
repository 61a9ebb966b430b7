import { configPrefix, labels } from '@tulle/api';
import type { InjectorSettings } from '../settings/injector-settings.ts';
import { informing, injecting } from './injection-webhooks.ts';
import { validating } from './validation-webhooks.ts';
import type { WebhookClientConfig, WebhookTarget } from './webhook.ts';

export interface WebhookConfigurationOptions {
  readonly settings: Pick<InjectorSettings, 'meshNamespace' | 'excludedNamespaces'>;
  /** Where the API server calls; default: the Service `tulle-injector` of the mesh's namespace. */
  readonly target?: WebhookTarget;
  readonly labels?: Readonly<Record<string, string>>;
  /** What becomes of a pod that is to be injected while no injector answers; default `Fail`. */
  readonly failurePolicy?: string;
  /** Such as `cert-manager.io/inject-ca-from`. */
  readonly annotations?: Readonly<Record<string, string>>;
}

export const webhookConfigurationName = 'tulle-injector';

/**
 * What the API server asks the injector, and what it does when there is no answer. Injection fails closed: a pod
 * without its sidecar would speak plain text. Everything else is open: the schemas and the control plane still
 * judge what is written, and an injector that is down must not stand in an operator's way. The caBundle is left
 * out: the injector sets it.
 */
export function webhookConfigurations(options: WebhookConfigurationOptions): readonly object[] {
  const { settings, labels: own = {}, annotations = {}, failurePolicy = 'Fail' } = options;
  const target = options.target ?? { service: { namespace: settings.meshNamespace, name: serviceName } };
  const client = (path: string) => clientConfig(target, path);
  const excluded = [...new Set([...settings.excludedNamespaces, settings.meshNamespace])];
  const metadata = {
    name: webhookConfigurationName,
    labels: own,
    ...(Object.keys(annotations).length === 0 ? {} : { annotations }),
  };
  const kinds = { label: labels.inject, annotationPrefix: configPrefix };
  const { objects, values, settings: namespaceSettings } = validating(client('/validate'), kinds);
  return [
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'MutatingWebhookConfiguration',
      metadata,
      webhooks: [
        ...injecting(client('/inject'), { label: labels.inject, excluded, failurePolicy }),
        ...informing(client('/inject'), { label: labels.inject, excluded }),
        // Here too, though it changes nothing: the schema speaks between the two phases, in words of its own.
        { ...objects, reinvocationPolicy: 'Never' },
      ],
    },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingWebhookConfiguration',
      metadata,
      webhooks: [objects, values, namespaceSettings],
    },
  ];
}

const serviceName = 'tulle-injector';

function clientConfig(target: WebhookTarget, path: string): WebhookClientConfig {
  if ('url' in target) return { url: `${target.url.replace(/\/$/, '')}${path}` };
  return { service: { port: 443, ...target.service, path } };
}
