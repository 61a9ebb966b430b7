/** A mesh as a test describes it; `meshYaml` writes it down as an operator would. */
export interface MeshSpec {
  readonly pods: readonly PodSpec[];
  /** The pods behind each service; an empty list is a service without endpoints. */
  readonly services: Readonly<Record<string, readonly (string | EndpointSpec)[]>>;
  /** Weights by service of routes, each attached to the service that it is keyed by. */
  readonly routes?: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** A pod as an endpoint controller lists it; a mere name is one that is ready. */
export interface EndpointSpec {
  readonly pod: string;
  readonly isReady: boolean;
  readonly isTerminating: boolean;
}

export interface PodSpec {
  readonly name: string;
  readonly serviceAccount: string;
  readonly address: string;
}

export const namespace = 'shop';
export const appPort = 8080;

/** The files of a configuration directory by name. */
export function meshYaml(spec: MeshSpec): Readonly<Record<string, string>> {
  return {
    'namespace.yaml': namespaceYaml,
    'pods.yaml': spec.pods.map(podYaml).join('---\n'),
    'services.yaml': Object.keys(spec.services).map(serviceYaml).join('---\n'),
    'endpoints.yaml': Object.entries(spec.services)
      .map(([service, pods]) =>
        sliceYaml(
          service,
          pods.map((endpoint) => endpointYaml(spec, endpoint)),
        ),
      )
      .join('---\n'),
    'routes.yaml': Object.entries(spec.routes ?? {})
      .map(([service, weights]) => routeYaml(service, weights))
      .join('---\n'),
  };
}

const namespaceYaml = `apiVersion: v1
kind: Namespace
metadata:
  name: ${namespace}
  labels:
    tulle.dev/inject: enabled
`;

function podYaml({ name, serviceAccount, address }: PodSpec): string {
  return `apiVersion: v1
kind: Pod
metadata: { name: ${name}, namespace: ${namespace} }
spec: { serviceAccountName: ${serviceAccount} }
status: { podIP: ${address} }
`;
}

function serviceYaml(name: string): string {
  return `apiVersion: v1
kind: Service
metadata: { name: ${name}, namespace: ${namespace} }
spec:
  ports:
    - { name: http, port: 80, targetPort: ${appPort}, appProtocol: http }
`;
}

function endpointYaml(spec: MeshSpec, endpoint: string | EndpointSpec): string {
  const state = typeof endpoint === 'string' ? readyEndpoint(endpoint) : endpoint;
  const { name, address } = podNamed(spec, state.pod);
  return `
  - addresses: [${address}]
    conditions: { ready: ${state.isReady}, serving: true, terminating: ${state.isTerminating} }
    targetRef: { kind: Pod, namespace: ${namespace}, name: ${name} }`;
}

function readyEndpoint(pod: string): EndpointSpec {
  return { pod, isReady: true, isTerminating: false };
}

function sliceYaml(service: string, endpoints: readonly string[]): string {
  return `apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata:
  name: ${service}
  namespace: ${namespace}
  labels: { kubernetes.io/service-name: ${service} }
addressType: IPv4
ports:
  - { name: http, port: ${appPort}, protocol: TCP, appProtocol: http }
endpoints:${endpoints.length === 0 ? ' []' : endpoints.join('')}
`;
}

function routeYaml(service: string, weights: Readonly<Record<string, number>>): string {
  const backends = Object.entries(weights).map(
    ([backend, weight]) => `
        - { name: ${backend}, port: 80, weight: ${weight} }`,
  );
  return `apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata: { name: ${service}, namespace: ${namespace} }
spec:
  parentRefs:
    - { group: "", kind: Service, name: ${service}, port: 80 }
  rules:
    - backendRefs:${backends.join('')}
`;
}

function podNamed({ pods }: MeshSpec, name: string): PodSpec {
  const pod = pods.find((candidate) => candidate.name === name);
  if (pod === undefined) throw new Error(`the test describes no pod ${name}`);
  return pod;
}
