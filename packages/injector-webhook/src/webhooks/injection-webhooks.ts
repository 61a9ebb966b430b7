import type { Selector, SelectorRequirement, Webhook, WebhookClientConfig, WebhookRule } from './webhook.ts';

const podsCreated: readonly WebhookRule[] = [
  { apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'], scope: 'Namespaced' },
];

const sharesNodeNetwork = 'has(object.spec.hostNetwork) && object.spec.hostNetwork';

const common = {
  rules: podsCreated,
  matchPolicy: 'Equivalent',
  // An Event, where a pod that asks for a sidecar cannot have one.
  sideEffects: 'NoneOnDryRun',
  admissionReviewVersions: ['v1'],
} as const;

interface Selection {
  /** By whose value pods are chosen. */
  readonly label: string;
  /** Namespaces in which nothing is injected. */
  readonly excluded: readonly string[];
}

/** The two that inject: by the namespace's label, and by the pod's own. No pod comes to both. */
export function injecting(
  clientConfig: WebhookClientConfig,
  { label, excluded, failurePolicy }: Selection & { readonly failurePolicy: string },
): readonly Webhook[] {
  const others: SelectorRequirement = {
    key: 'kubernetes.io/metadata.name',
    operator: 'NotIn',
    values: excluded,
  };
  const webhook = (name: string, namespaceSelector: Selector, objectSelector: Selector): Webhook => ({
    name,
    clientConfig,
    ...common,
    namespaceSelector,
    objectSelector,
    // A pod of the node's network has none of its own to capture: it does not depend on the injector.
    matchConditions: [{ name: 'own-network', expression: `!(${sharesNodeNetwork})` }],
    failurePolicy,
    reinvocationPolicy: 'IfNeeded',
    timeoutSeconds: 5,
  });
  return [
    webhook(
      'namespace.inject.tulle.dev',
      { matchLabels: { [label]: 'enabled' }, matchExpressions: [others] },
      // The pod's own label decides where it has one, the one that opts out without asking the injector.
      { matchExpressions: [{ key: label, operator: 'NotIn', values: ['enabled', 'disabled'] }] },
    ),
    webhook('pod.inject.tulle.dev', { matchExpressions: [others] }, { matchLabels: { [label]: 'enabled' } }),
  ];
}

/**
 * The two that only tell why a pod gets no sidecar, in the audit log and by an Event: what the others leave out
 * of those that a label asks for. Nothing waits for them when the injector is down.
 */
export function informing(
  clientConfig: WebhookClientConfig,
  { label, excluded }: Selection,
): readonly Webhook[] {
  const isExcluded = `request.namespace in [${excluded.map((name) => `'${name}'`).join(', ')}]`;
  const optsOut = `has(object.metadata.labels) && '${label}' in object.metadata.labels && object.metadata.labels['${label}'] == 'disabled'`;
  const webhook = (
    name: string,
    selectors: Pick<Webhook, 'namespaceSelector' | 'objectSelector'>,
    reasons: readonly string[],
  ): Webhook => ({
    name,
    clientConfig,
    ...common,
    ...selectors,
    matchConditions: [{ name: 'left-out', expression: reasons.map((reason) => `(${reason})`).join(' || ') }],
    failurePolicy: 'Ignore',
    reinvocationPolicy: 'Never',
    timeoutSeconds: 2,
  });
  return [
    webhook(
      'namespace.skip.tulle.dev',
      {
        namespaceSelector: { matchLabels: { [label]: 'enabled' } },
        objectSelector: { matchExpressions: [{ key: label, operator: 'NotIn', values: ['enabled'] }] },
      },
      [sharesNodeNetwork, isExcluded, optsOut],
    ),
    webhook('pod.skip.tulle.dev', { objectSelector: { matchLabels: { [label]: 'enabled' } } }, [
      sharesNodeNetwork,
      isExcluded,
    ]),
  ];
}
