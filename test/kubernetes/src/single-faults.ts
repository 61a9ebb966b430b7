import { eventually } from '@tulle/testkit';
import { clusterPace } from './kubectl.ts';
import { httpRouteStub } from './mesh/http-route-stub.ts';
import { injectorPort } from './mesh/installed-mesh.ts';
import { meshNamespace, withLocalPrograms } from './mesh/manifests.ts';
import { pretendReady } from './mesh/pretend-ready.ts';
import { peerAuthentication } from './mesh/resources.ts';
import type { SoundMesh } from './sound-mesh.ts';

/** Something that goes wrong in a sound mesh, what `tulle check` says of it, and how it is mended. */
export interface SingleFault {
  readonly what: string;
  /** The one check that finds it, and a part of what it says. */
  readonly check: string;
  readonly says: RegExp;
  /** Whether `tulle check` ends with 1. */
  readonly isFailure: boolean;
  readonly plant: (sound: SoundMesh) => Promise<unknown>;
  readonly mend: (sound: SoundMesh) => Promise<unknown>;
}

const denyAll = {
  apiVersion: 'networking.k8s.io/v1',
  kind: 'NetworkPolicy',
  metadata: { name: 'deny-all', namespace: meshNamespace },
  spec: { podSelector: {}, policyTypes: ['Ingress'] },
};

export const singleFaults: readonly SingleFault[] = [
  {
    what: 'Gateway API is not there',
    check: 'gateway-api',
    says: /the CRDs of Gateway API are not installed/,
    isFailure: false,
    plant: (sound) => sound.kubectl('delete', 'crd', httpRouteStub.metadata.name),
    mend: (sound) => sound.apply(httpRouteStub),
  },
  {
    what: 'the record of the installation is lost',
    check: 'installation',
    says: /there is no ConfigMap tulle-system\/tulle-install/,
    isFailure: false,
    plant: (sound) => sound.own('delete', 'configmap', 'tulle-install'),
    mend: (sound) => sound.reapply('ConfigMap', 'tulle-install'),
  },
  {
    what: 'a definition is that of another version',
    check: 'custom-resources',
    says: /meshconfigs.tulle.dev is not the one of this version/,
    isFailure: false,
    plant: (sound) =>
      sound.kubectl(
        ...['patch', 'crd', 'meshconfigs.tulle.dev', '--type=json', '-p'],
        '[{"op":"remove","path":"/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/tracing"}]',
      ),
    mend: (sound) => sound.reapply('CustomResourceDefinition', 'meshconfigs.tulle.dev'),
  },
  {
    what: 'a binding of the injector is lost',
    check: 'access',
    says: /tulle-injector may not .*get secrets/,
    isFailure: true,
    plant: (sound) => sound.own('delete', 'rolebinding', 'tulle-injector'),
    mend: (sound) => sound.reapply('RoleBinding', 'tulle-injector'),
  },
  {
    what: 'no pod of the control plane is ready',
    check: 'control-plane',
    says: /none of 2 pods of tulle-control-plane is ready/,
    isFailure: true,
    plant: ({ cluster }) => pretendReady(cluster, 'tulle-control-plane', false),
    mend: ({ cluster }) => pretendReady(cluster, 'tulle-control-plane'),
  },
  {
    what: 'no pod of the injector is ready',
    check: 'injector',
    says: /none of 2 pods of tulle-injector is ready/,
    isFailure: true,
    plant: ({ cluster }) => pretendReady(cluster, 'tulle-injector', false),
    mend: ({ cluster }) => pretendReady(cluster, 'tulle-injector'),
  },
  {
    what: 'the roots are those of another mesh',
    check: 'authority',
    says: /not those of the Secret tulle-authority/,
    isFailure: true,
    plant: (sound) => sound.exchangeRoots(),
    mend: (sound) => sound.restoreRoots(),
  },
  {
    what: 'a webhook configuration is gone',
    check: 'webhooks',
    says: /there is no ValidatingWebhookConfiguration tulle-injector/,
    isFailure: true,
    plant: (sound) => sound.kubectl('delete', 'validatingwebhookconfiguration', 'tulle-injector'),
    mend: async (sound) => {
      const { address } = sound.injector;
      const local = withLocalPrograms(sound.mesh.manifests, { address, port: injectorPort });
      await sound.apply(...local.filter(({ kind }) => kind === 'ValidatingWebhookConfiguration'));
      // The injector puts its authorities in again.
      await eventually(async () => {
        const { webhooks } = await sound.mesh.kubectl.get('validatingwebhookconfiguration/tulle-injector');
        for (const { name, clientConfig } of webhooks)
          if (!clientConfig.caBundle) throw new Error(`${name} has no authorities`);
      }, clusterPace);
    },
  },
  {
    what: 'a network policy keeps sidecars and the API server out',
    check: 'network-policies',
    says: /may be kept from port (15012|9443) of tulle-(control-plane|injector) by tulle-system\/deny-all/,
    isFailure: false,
    plant: async (sound) => {
      await sound.apply(denyAll);
      await sound.own('delete', 'networkpolicy', 'tulle-control-plane', 'tulle-injector');
    },
    mend: async (sound) => {
      await sound.own('delete', 'networkpolicy', 'deny-all');
      for (const name of ['tulle-control-plane', 'tulle-injector'])
        await sound.reapply('NetworkPolicy', name);
    },
  },
  {
    what: 'the API server does not reach the injector',
    check: 'injection',
    says: /no pod can be made in labelled namespaces: .*failed calling webhook/,
    isFailure: true,
    plant: (sound) => sound.askInjectorAt(9),
    mend: (sound) => sound.askInjectorAt(injectorPort),
  },
  {
    what: 'pods are older than the label of their namespace',
    check: 'namespaces',
    says: /1 pod of namespace late without a sidecar: pod\/early/,
    isFailure: false,
    plant: async (sound) => {
      await sound.mesh.createNamespace('late');
      await sound.createPod('early', 'late');
      await sound.kubectl('label', 'namespace', 'late', 'tulle.dev/inject=enabled');
    },
    mend: (sound) => sound.deletePod('early', 'late'),
  },
  {
    what: 'a label is misspelt',
    check: 'labels',
    says: /namespace shop has the label tulle.dev\/injection/,
    isFailure: false,
    plant: (sound) => sound.kubectl('label', 'namespace', sound.namespace, 'tulle.dev/injection=enabled'),
    mend: (sound) => sound.kubectl('label', 'namespace', sound.namespace, 'tulle.dev/injection-'),
  },
  {
    what: 'another mesh injects the same namespace',
    check: 'other-meshes',
    says: /Linkerd injects the same namespaces: shop/,
    isFailure: false,
    plant: (sound) => sound.kubectl('annotate', 'namespace', sound.namespace, 'linkerd.io/inject=enabled'),
    mend: (sound) => sound.kubectl('annotate', 'namespace', sound.namespace, 'linkerd.io/inject-'),
  },
  {
    what: 'a sidecar does not get ready',
    check: 'proxies',
    says: /1 sidecar not ready: shop\/stuck/,
    isFailure: true,
    plant: (sound) => sound.createPod('stuck', sound.namespace),
    mend: (sound) => sound.deletePod('stuck', sound.namespace),
  },
  {
    what: 'an object is not accepted',
    check: 'configuration',
    says: /PeerAuthentication shop\/second is Accepted=False, Conflicted/,
    isFailure: true,
    plant: async (sound) => {
      await sound.apply(
        ...['first', 'second'].map((name) => peerAuthentication(name, sound.namespace, 'STRICT')),
      );
      await sound.untilRefused('second');
    },
    mend: (sound) => sound.kubectl('delete', 'peerauthentication', 'first', 'second', '-n', sound.namespace),
  },
  {
    what: 'nobody leads',
    check: 'leadership',
    says: /nobody holds the Lease tulle-system\/tulle-control-plane/,
    isFailure: false,
    plant: (sound) => sound.stopControlPlane(),
    mend: (sound) => sound.startControlPlane(),
  },
];
