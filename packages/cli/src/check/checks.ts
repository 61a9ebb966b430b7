import type { Check } from './check.ts';
import { access } from './checks/access.ts';
import { apiServer, kubernetesVersion } from './checks/api-server.ts';
import { authority } from './checks/authority.ts';
import { clock } from './checks/clock.ts';
import { configuration } from './checks/configuration.ts';
import { customResources } from './checks/custom-resources.ts';
import { gatewayApi } from './checks/gateway-api.ts';
import { injection } from './checks/injection.ts';
import { installation } from './checks/installation.ts';
import { labelNames } from './checks/label-names.ts';
import { leadership } from './checks/leadership.ts';
import { namespaces } from './checks/namespaces.ts';
import { networkPolicies } from './checks/network-policies.ts';
import { otherInstallation } from './checks/other-installation.ts';
import { otherMeshes } from './checks/other-meshes.ts';
import { permissions } from './checks/permissions.ts';
import { controlPlane, injector } from './checks/programs.ts';
import { proxies } from './checks/proxies.ts';
import { webhooks } from './checks/webhooks.ts';

/** What is asked in either case, the first of them before everything. */
const always: readonly Check[] = [apiServer, kubernetesVersion, clock, gatewayApi];

/** Whether it can be installed here, and by whoever asks. */
export const checksBefore: readonly Check[] = [...always, permissions, otherInstallation, otherMeshes];

/** Whether what is installed stands, from the bottom up: what fails first is mostly why the rest does. */
export const checksAfter: readonly Check[] = [
  ...always,
  installation,
  customResources,
  access,
  controlPlane,
  injector,
  leadership,
  authority,
  webhooks,
  networkPolicies,
  injection,
  namespaces,
  labelNames,
  otherMeshes,
  proxies,
  configuration,
];
