import { ownNamespace } from './manifests/own-namespace.ts';
import { type Installation, type RenderedObject, renderInstallation } from './render.ts';
import { authorityObject, runTimeObjects } from './run-time-objects.ts';

/** As much of an object as it takes to delete it. */
export interface ObjectIdentity {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
}

/** What goes first: an API server that still asks for injection would hold up every pod; then what would make things anew. */
const first = ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration', 'Deployment'];

/** What to delete, in that order. Purged: the kinds with all their objects, the authority, and the namespace too. */
export function removalOf(installation: Installation, isPurged: boolean): readonly ObjectIdentity[] {
  const { namespace } = installation;
  const isCrd = ({ kind }: RenderedObject) => kind === 'CustomResourceDefinition';
  const rendered = renderInstallation(installation);
  const rank = ({ kind }: RenderedObject) => (first.includes(kind) ? first.indexOf(kind) : first.length);
  const made = [...runTimeObjects, ...(isPurged ? [authorityObject] : [])].map(
    ({ name, ...type }): ObjectIdentity => ({ ...type, metadata: { name, namespace } }),
  );
  return [
    ...rendered
      .filter((object) => !isCrd(object))
      .sort((a, b) => rank(a) - rank(b))
      .map(identityOf),
    ...made,
    ...(isPurged ? [...rendered.filter(isCrd).map(identityOf), identityOf(ownNamespace(namespace))] : []),
  ];
}

export function identityOf({ apiVersion, kind, metadata }: ObjectIdentity): ObjectIdentity {
  const { name, namespace } = metadata;
  return { apiVersion, kind, metadata: namespace === undefined ? { name } : { name, namespace } };
}
