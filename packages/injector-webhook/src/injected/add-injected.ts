import { annotations } from '@tulle/api';
import type { RawContainer, RawPod, RawPodSpec } from '../pod/raw-pod.ts';
import { initContainer, sidecarContainer } from './containers.ts';
import type { SidecarSetup } from './environment.ts';
import { overlayContainer, overlayVolume } from './overlay-own.ts';
import { placeOwn } from './place-own.ts';
import type { StandingLists } from './strip-injected.ts';
import { ownVolumes } from './volumes.ts';

const defaultContainer = 'kubectl.kubernetes.io/default-container';

/**
 * The pod with its sidecar. A native one stands directly behind tulle-init, before all others: what they do is in the
 * mesh. An ordinary one starts after every init container has ended; these would find nobody where they are led, so
 * that there tulle-init is the last of them and they speak past the mesh.
 */
export function addInjected(pod: RawPod, setup: SidecarSetup, standing: StandingLists): RawPod {
  const { spec, metadata = {} } = pod;
  const { options, isNative, context } = setup;
  // kubectl logs and exec take the first container where nothing says otherwise: ours, where it is an ordinary one.
  const [first] = spec.containers;
  const application = isNative || first === undefined ? {} : { [defaultContainer]: first.name };
  return {
    ...pod,
    metadata: {
      ...metadata,
      annotations: {
        ...application,
        ...metadata.annotations,
        [annotations.injected]: context.settings.version,
        [annotations.capture]: options.capture,
      },
    },
    spec: {
      ...spec,
      ...(isNative ? nativeContainers : ordinaryContainers)(spec, setup, standing),
      volumes: placeOwn({
        standing: standing.volumes,
        others: spec.volumes ?? [],
        own: ownVolumes,
        overlay: overlayVolume,
        where: 'last',
      }),
    },
  };
}

type Containers = Partial<Pick<RawPodSpec, 'containers' | 'initContainers'>>;

function nativeContainers(spec: RawPodSpec, setup: SidecarSetup, standing: StandingLists): Containers {
  return {
    initContainers: placeOwn({
      standing: standing.initContainers,
      others: spec.initContainers ?? [],
      own: [...capturing(spec, setup), sidecarContainer(setup, spec)],
      overlay: overlayContainer,
      where: 'first',
    }),
  };
}

function ordinaryContainers(spec: RawPodSpec, setup: SidecarSetup, standing: StandingLists): Containers {
  const initContainers = placeOwn({
    standing: standing.initContainers,
    others: spec.initContainers ?? [],
    own: capturing(spec, setup),
    overlay: overlayContainer,
    where: 'last',
    isStrict: true,
  });
  const containers = placeOwn({
    standing: standing.containers,
    others: spec.containers,
    own: [sidecarContainer(setup, spec)],
    overlay: overlayContainer,
    where: 'first',
  });
  return { containers, ...(initContainers.length === 0 ? {} : { initContainers }) };
}

function capturing(spec: RawPodSpec, setup: SidecarSetup): readonly RawContainer[] {
  return setup.options.capture === 'enabled' ? [initContainer(setup, spec)] : [];
}
