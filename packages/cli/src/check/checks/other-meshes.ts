import { labels } from '@tulle/api';
import type { RawObject } from '@tulle/kubernetes';
import { type Check, someOf, warn } from '../check.ts';

/** How other meshes mark the namespaces that they inject. */
const marks: readonly { readonly mesh: string; readonly isOn: (namespace: RawObject) => boolean }[] = [
  {
    mesh: 'Istio',
    isOn: ({ metadata: { labels: own = {} } }) =>
      own['istio-injection'] === 'enabled' ||
      own['istio.io/rev'] !== undefined ||
      own['istio.io/dataplane-mode'] === 'ambient',
  },
  {
    mesh: 'Linkerd',
    isOn: ({ metadata: { annotations: own = {} } }) =>
      ['enabled', 'ingress'].includes(own['linkerd.io/inject'] ?? ''),
  },
  {
    mesh: 'Kuma',
    isOn: ({ metadata: { labels: own = {}, annotations = {} } }) =>
      [own, annotations].some((marked) =>
        ['enabled', 'true'].includes(marked['kuma.io/sidecar-injection'] ?? ''),
      ),
  },
];

export const otherMeshes: Check = {
  name: 'other-meshes',
  run: async ({ view }) => {
    const ours = (await view.namespaces()).filter(
      ({ metadata }) => metadata.labels?.[labels.inject] === 'enabled',
    );
    const findings = marks.flatMap(({ mesh, isOn }) => {
      const both = ours.filter(isOn).map(({ metadata }) => metadata.name);
      if (both.length === 0) return [];
      const message = `${mesh} injects the same namespaces: ${someOf(both)}`;
      return [warn(message, 'two sidecars capture the same traffic: take one of the two labels away')];
    });
    return { summary: 'no namespace is injected by two', findings };
  },
};
