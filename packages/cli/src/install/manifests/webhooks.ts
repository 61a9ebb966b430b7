import { defaultInjectorSettings, webhookConfigurations } from '@tulle/injector-webhook';
import { builtin, type Tree, value } from '../template/tree.ts';
import type { Manifest, ManifestFamily, ObjectTree } from './manifest.ts';
import { labelsOf } from './names.ts';

const { excludedNamespaces } = defaultInjectorSettings('');

/** What the API server asks the injector, which puts its certificate in itself. */
export const webhooks: ManifestFamily = {
  name: 'webhooks',
  objects: webhookConfigurations({
    settings: { meshNamespace: builtin('namespace'), excludedNamespaces },
    labels: labelsOf('tulle-injector'),
  }).map((object) => withFailurePolicy(object as ObjectTree)),
};

/** Of those that fail closed it is the operator's to say otherwise. */
function withFailurePolicy(object: ObjectTree): Manifest {
  const configured = (object.webhooks as readonly { readonly [field: string]: Tree }[]).map((webhook) =>
    webhook.failurePolicy === 'Fail'
      ? { ...webhook, failurePolicy: value('injector.failurePolicy') }
      : webhook,
  );
  return { object: { ...object, webhooks: configured } };
}
