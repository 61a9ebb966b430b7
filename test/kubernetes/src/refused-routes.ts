/** HTTPRoutes that Gateway API's own schema admits and the mesh cannot carry out, with what their status has to say. */
export interface RefusedRoute {
  readonly name: string;
  /** Default: the service `server`, port 80. */
  readonly parentRef?: object;
  readonly rule?: object;
  readonly type: 'Accepted' | 'ResolvedRefs';
  readonly reason: string;
  readonly message: string;
}

const server = { name: 'server', port: 80 };
const backend = 'spec.rules[0].backendRefs[0]';

/** In the namespace `shop`, which has the services of `routeServices`. */
export const refusedRoutes: readonly RefusedRoute[] = [
  orphan('unknown-service', { name: 'nobody' }, 'there is no Service shop/nobody'),
  orphan('other-namespace', { name: 'server', namespace: 'attic' }, 'there is no Service attic/server'),
  orphan('unknown-port', { port: 81 }, 'Service shop/server has no TCP port 81; its ports: 80, 90'),
  orphan(
    'unknown-port-name',
    { port: undefined, sectionName: 'admin' },
    'Service shop/server has no TCP port named admin; its ports: 80, 90',
  ),
  orphan(
    'port-of-another-name',
    { sectionName: 'metrics' },
    'Service shop/server has no TCP port 80 named metrics; its ports: 80, 90',
  ),
  orphan('udp-port', { name: 'udp' }, 'Service shop/udp has no TCP port 80; its ports: none'),
  orphan('headless', { name: 'headless' }, 'Service shop/headless is headless: routes need a cluster IP'),
  orphan('external-name', { name: 'external' }, 'Service shop/external is of type ExternalName'),
  lost('backend-unknown', { name: 'nobody' }, 'BackendNotFound', 'there is no Service shop/nobody'),
  lost('backend-port', { port: 81 }, 'BackendNotFound', 'Service shop/server has no TCP port 81'),
  lost('backend-elsewhere', { namespace: 'attic' }, 'BackendNotFound', 'there is no Service attic/server'),
  lost(
    'backend-external',
    { name: 'external' },
    'InvalidKind',
    'Service shop/external is of type ExternalName',
  ),
  lost('backend-kind', { kind: 'ConfigMap' }, 'InvalidKind', 'ConfigMap shop/server is no Service'),
  lost(
    'backend-group',
    { group: 'example.com', kind: 'Bucket' },
    'InvalidKind',
    'example.com/Bucket shop/server is no Service',
  ),
  beyond(
    'header-filter',
    { filters: [headerFilter()] },
    'spec.rules[0].filters[0]: the filter RequestHeaderModifier is not supported yet',
  ),
  beyond(
    'redirect',
    { filters: [{ type: 'RequestRedirect', requestRedirect: { statusCode: 301 } }], backendRefs: undefined },
    'spec.rules[0].filters[0]: the filter RequestRedirect is not supported yet',
  ),
  beyond(
    'backend-filter',
    { backendRefs: [{ ...server, filters: [headerFilter()] }] },
    `${backend}.filters[0]: the filter RequestHeaderModifier is not supported yet`,
  ),
  beyond(
    'timeouts',
    { timeouts: { request: '1s' } },
    'spec.rules[0].timeouts: timeouts is not supported yet',
  ),
  beyond('retry', { retry: { attempts: 2 } }, 'spec.rules[0].retry: retry is not supported yet'),
  beyond(
    'query-match',
    { matches: [{ queryParams: [{ name: 'v', value: '2' }] }] },
    'spec.rules[0].matches[0].queryParams',
  ),
  beyond(
    'bad-pattern',
    { matches: [{ headers: [{ type: 'RegularExpression', name: 'x-v', value: '(' }] }] },
    'spec.rules[0].matches[0]',
  ),
];

export const routeServices: readonly object[] = [
  serviceOf('server', {
    ports: [
      { name: 'http', port: 80 },
      { name: 'metrics', port: 90 },
    ],
  }),
  serviceOf('udp', { ports: [{ name: 'dns', port: 80, protocol: 'UDP' }] }),
  serviceOf('headless', { clusterIP: 'None', ports: [{ name: 'http', port: 80 }] }),
  serviceOf('external', { type: 'ExternalName', externalName: 'example.com' }),
];

export function refusedRoute({ name, parentRef, rule }: RefusedRoute): object {
  return {
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name, namespace: 'shop' },
    spec: {
      parentRefs: [{ group: '', kind: 'Service', ...server, ...parentRef }],
      rules: [{ backendRefs: [server], ...rule }],
    },
  };
}

function orphan(name: string, parentRef: object, message: string): RefusedRoute {
  return { name, parentRef, type: 'Accepted', reason: 'NoMatchingParent', message };
}

function lost(name: string, ref: object, reason: string, message: string): RefusedRoute {
  const rule = { backendRefs: [{ ...server, ...ref }] };
  return { name, rule, type: 'ResolvedRefs', reason, message: `${backend}: ${message}` };
}

function beyond(name: string, rule: object, message: string): RefusedRoute {
  return { name, rule, type: 'Accepted', reason: 'UnsupportedValue', message };
}

function headerFilter(): object {
  return { type: 'RequestHeaderModifier', requestHeaderModifier: { add: [{ name: 'x-a', value: 'b' }] } };
}

function serviceOf(name: string, spec: object): object {
  return { apiVersion: 'v1', kind: 'Service', metadata: { name, namespace: 'shop' }, spec };
}
