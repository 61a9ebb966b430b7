import type { Kubectl } from './kubectl.ts';

/** Something that goes wrong in an installation, and what `tulle check` has to say of it. */
export interface PlantedFault {
  readonly check: string;
  readonly message: RegExp;
  readonly plant: (kubectl: Kubectl, namespaces: { readonly meshNamespace: string }) => Promise<unknown>;
}

/** They do not hide one another; neither the control plane nor the injector runs any more. */
export const plantedFaults: readonly PlantedFault[] = [
  {
    check: 'injector',
    message: /there is no deployment tulle-system\/tulle-injector/,
    plant: (kubectl, { meshNamespace }) => kubectl.delete('deployment/tulle-injector', meshNamespace),
  },
  {
    check: 'access',
    message: /tulle-control-plane may not .*tokenreviews/,
    plant: (kubectl) => kubectl.delete('clusterrolebinding/tulle-control-plane'),
  },
  {
    check: 'leadership',
    message: /has not renewed the Lease tulle-system\/tulle-control-plane for \d+ s/,
    plant: (kubectl, { meshNamespace }) =>
      merge(kubectl, 'lease/tulle-control-plane', meshNamespace, {
        spec: { renewTime: '2026-01-01T00:00:00.000000Z' },
      }),
  },
  {
    check: 'authority',
    message: /the Secret tulle-system\/tulle-authority is gone/,
    plant: (kubectl, { meshNamespace }) => kubectl.delete('secret/tulle-authority', meshNamespace),
  },
  {
    check: 'webhooks',
    message: /there is no ValidatingWebhookConfiguration tulle-injector/,
    plant: (kubectl) => kubectl.delete('validatingwebhookconfiguration/tulle-injector'),
  },
  {
    check: 'network-policies',
    message: /sidecars may be kept from port 15012 of tulle-control-plane/,
    plant: async (kubectl, { meshNamespace }) => {
      await kubectl.delete('networkpolicy --all', meshNamespace);
      const metadata = { name: 'deny-all', namespace: meshNamespace };
      const spec = { podSelector: {}, policyTypes: ['Ingress'] };
      await kubectl.apply([{ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata, spec }]);
    },
  },
  {
    check: 'injection',
    message: /no pod can be made in labelled namespaces: .*failed calling webhook/,
    plant: async () => {},
  },
  {
    check: 'namespaces',
    message: /1 pod of namespace stale without a sidecar/,
    plant: async (kubectl) => {
      await kubectl.must(['create', 'namespace', 'stale']);
      await kubectl.must(['create', 'serviceaccount', 'app', '-n', 'stale']);
      const spec = { serviceAccountName: 'app', containers: [{ name: 'app', image: 'app' }] };
      const metadata = { name: 'early', namespace: 'stale' };
      await kubectl.apply([{ apiVersion: 'v1', kind: 'Pod', metadata, spec }]);
      await kubectl.must(['label', 'namespace', 'stale', 'tulle.dev/inject=enabled']);
    },
  },
  {
    check: 'labels',
    message: /namespace typo has the label tulle\.dev\/injection/,
    plant: (kubectl) => labelled(kubectl, 'typo', { 'tulle.dev/injection': 'enabled' }),
  },
  {
    check: 'other-meshes',
    message: /Istio injects the same namespaces: both/,
    plant: (kubectl) =>
      labelled(kubectl, 'both', { 'tulle.dev/inject': 'enabled', 'istio-injection': 'enabled' }),
  },
  {
    check: 'configuration',
    message: /PeerAuthentication shop\/second is Accepted=False, Conflicted/,
    plant: async () => {},
  },
  {
    check: 'custom-resources',
    message: /meshconfigs\.tulle\.dev is not there/,
    plant: (kubectl) => kubectl.must(['delete', 'crd', 'meshconfigs.tulle.dev']),
  },
  {
    check: 'installation',
    message: /9\.9\.9 is installed, and this is tulle/,
    plant: (kubectl, { meshNamespace }) =>
      merge(kubectl, 'configmap/tulle-install', meshNamespace, { data: { version: '9.9.9' } }),
  },
  {
    check: 'proxies',
    message: /sidecars? not ready: .*shop\/unready/,
    plant: async () => {},
  },
];

function merge(kubectl: Kubectl, what: string, namespace: string, patch: object): Promise<string> {
  return kubectl.must(['patch', what, '-n', namespace, '--type=merge', '-p', JSON.stringify(patch)]);
}

function labelled(kubectl: Kubectl, name: string, labels: Readonly<Record<string, string>>): Promise<void> {
  return kubectl.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } }]);
}
