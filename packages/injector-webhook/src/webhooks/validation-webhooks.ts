import type { Webhook, WebhookClientConfig } from './webhook.ts';

interface ValidationWebhooks {
  /** Our own kinds. */
  readonly objects: Webhook;
  /** Pods and namespaces whose label is neither of its two values: nothing else comes here. */
  readonly values: Webhook;
  /** Namespaces with settings for their pods. */
  readonly settings: Webhook;
}

const common = {
  failurePolicy: 'Ignore',
  matchPolicy: 'Equivalent',
  sideEffects: 'None',
  timeoutSeconds: 5,
  admissionReviewVersions: ['v1'],
} as const;

const writes = ['CREATE', 'UPDATE'] as const;

export function validating(
  clientConfig: WebhookClientConfig,
  { label, annotationPrefix }: { readonly label: string; readonly annotationPrefix: string },
): ValidationWebhooks {
  const hasSettings =
    'has(object.metadata.annotations) && ' +
    `object.metadata.annotations.exists(name, name.startsWith('${annotationPrefix}'))`;
  return {
    objects: {
      name: 'objects.validate.tulle.dev',
      clientConfig,
      rules: [
        { apiGroups: ['tulle.dev'], apiVersions: ['*'], operations: writes, resources: ['*'], scope: '*' },
      ],
      ...common,
    },
    values: {
      name: 'labels.validate.tulle.dev',
      clientConfig,
      rules: [
        {
          apiGroups: [''],
          apiVersions: ['v1'],
          operations: writes,
          resources: ['pods', 'namespaces'],
          scope: '*',
        },
      ],
      objectSelector: {
        matchExpressions: [
          { key: label, operator: 'Exists' },
          { key: label, operator: 'NotIn', values: ['enabled', 'disabled'] },
        ],
      },
      ...common,
    },
    settings: {
      name: 'namespaces.validate.tulle.dev',
      clientConfig,
      rules: [
        {
          apiGroups: [''],
          apiVersions: ['v1'],
          operations: writes,
          resources: ['namespaces'],
          scope: 'Cluster',
        },
      ],
      matchConditions: [{ name: 'has-settings', expression: hasSettings }],
      ...common,
    },
  };
}
