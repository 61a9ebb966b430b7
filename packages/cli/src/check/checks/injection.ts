import { labels, sidecarContainerName } from '@tulle/api';
import { KubernetesError, resourceTypes } from '@tulle/kubernetes';
import { type Check, type Finding, fail, warn } from '../check.ts';
import { Fields } from '../fields.ts';

/** Makes a pod that is not kept, and looks whether it comes back with a sidecar. */
export const injection: Check = {
  name: 'injection',
  run: async ({ cluster, view, namespace: own }) => {
    const enabled = (await view.namespaces()).filter(
      ({ metadata }) =>
        metadata.labels?.[labels.inject] === 'enabled' &&
        metadata.deletionTimestamp === undefined &&
        metadata.name !== own,
    );
    const namespace = enabled[0]?.metadata.name ?? 'default';
    try {
      const pod = await cluster.create(resourceTypes.pods, trialPod(namespace, enabled.length === 0), {
        dryRun: true,
      });
      if (hasSidecar(pod)) return { summary: `a pod in ${namespace} would get its sidecar`, findings: [] };
      return { summary: '', findings: [notInjected(namespace, own)] };
    } catch (thrown) {
      if (!(thrown instanceof KubernetesError)) throw thrown;
      return { summary: '', findings: [refused(thrown.message, namespace, own)] };
    }
  },
};

function trialPod(namespace: string, isAsking: boolean) {
  return {
    metadata: {
      name: 'tulle-check',
      namespace,
      ...(isAsking ? { labels: { [labels.inject]: 'enabled' } } : {}),
    },
    spec: {
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'app',
          image: 'tulle.dev/check:none',
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  };
}

function hasSidecar(pod: unknown): boolean {
  const spec = new Fields(pod).at('spec');
  const containers = [...spec.at('initContainers').items, ...spec.at('containers').items];
  return containers.some((container) => container.at('name').text === sidecarContainerName);
}

function notInjected(namespace: string, own: string): Finding {
  const hint = `the webhook was not asked, or did not answer and failurePolicy is Ignore: kubectl get mutatingwebhookconfiguration tulle-injector -o yaml, and the log of the injector in ${own}`;
  return fail(`a pod in ${namespace} would be made without a sidecar`, hint);
}

function refused(message: string, namespace: string, own: string): Finding {
  if (/violates PodSecurity/.test(message)) {
    const hint =
      'capture needs NET_ADMIN in an init container: label the namespace pod-security.kubernetes.io/enforce=privileged, or bring the rules by a CNI plugin';
    return fail(`the standard for pods of namespace ${namespace} keeps sidecars out: ${message}`, hint);
  }
  if (/failed calling webhook/.test(message)) {
    const hint = `the API server does not reach the injector: are its pods ready, do network policies or firewalls let the API server come to port 9443 of ${own}?`;
    return fail(`no pod can be made in labelled namespaces: ${message}`, hint);
  }
  const hint =
    'a pod was to be made that is not kept (dry run); whatever refuses it has nothing to do with the mesh, perhaps';
  return warn(`injection could not be tried in ${namespace}: ${message}`, hint);
}
