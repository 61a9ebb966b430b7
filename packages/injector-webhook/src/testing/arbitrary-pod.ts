import fc from 'fast-check';

const name = fc.stringMatching(/^[a-z]{1,6}$/);
const port = fc.oneof(fc.integer({ min: 1, max: 9_999 }), fc.constantFrom('http', 'admin', 'none'));

const handler = fc.oneof(
  fc.record(
    {
      httpGet: fc.record(
        {
          port,
          path: fc.string({ maxLength: 12 }),
          scheme: fc.constantFrom('HTTP', 'HTTPS'),
          host: fc.constantFrom('', 'example.com'),
          httpHeaders: fc.array(fc.record({ name, value: fc.string({ maxLength: 8 }) }), { maxLength: 2 }),
        },
        { requiredKeys: ['port'] },
      ),
    },
    { requiredKeys: ['httpGet'] },
  ),
  fc.record({ tcpSocket: fc.record({ port }) }),
  fc.record({
    grpc: fc.record({ port: fc.integer({ min: 1, max: 9_999 }), service: fc.string({ maxLength: 8 }) }),
  }),
  fc.record({ exec: fc.record({ command: fc.array(fc.string({ maxLength: 4 }), { maxLength: 2 }) }) }),
);

const probe = fc
  .tuple(
    handler,
    fc.record(
      { timeoutSeconds: fc.integer({ min: 1, max: 60 }), periodSeconds: fc.integer({ min: 1, max: 60 }) },
      { requiredKeys: [] },
    ),
  )
  .map(([one, timing]) => ({ ...one, ...timing }));

const container = fc.record(
  {
    name,
    image: name,
    ports: fc.constantFrom(
      [{ name: 'http', containerPort: 8_080 }],
      [{ name: 'admin', containerPort: 9_090 }],
    ),
    env: fc.array(fc.record({ name: fc.stringMatching(/^[A-Z]{1,4}$/), value: fc.string() }), {
      maxLength: 3,
    }),
    restartPolicy: fc.constant('Always'),
    livenessProbe: probe,
    readinessProbe: probe,
    startupProbe: probe,
    lifecycle: fc.record({ postStart: handler, preStop: handler }, { requiredKeys: [] }),
    resources: fc.constantFrom({}, { limits: { cpu: 1, memory: '1Gi' } }),
  },
  { requiredKeys: ['name', 'image'] },
);

const containers = (minLength: number) =>
  fc.uniqueArray(container, { minLength, maxLength: 3, selector: (one) => one.name });

/** A name stands once in a pod, whichever list it is in. */
const initContainers = containers(0).map((all) => all.map((one) => ({ ...one, name: `init-${one.name}` })));

/** Pods that a cluster would take, which can be injected. */
export const arbitraryPod = fc.record(
  {
    metadata: fc.record(
      { labels: fc.dictionary(name, name), annotations: fc.dictionary(name, fc.string()) },
      { requiredKeys: [] },
    ),
    spec: fc.record(
      {
        containers: containers(1),
        initContainers,
        volumes: fc.uniqueArray(fc.record({ name, emptyDir: fc.constant({}) }), {
          maxLength: 3,
          selector: (one) => one.name,
        }),
        securityContext: fc.constantFrom({}, { runAsUser: 1_000, fsGroup: 2_000 }),
        restartPolicy: fc.constant('Always'),
      },
      { requiredKeys: ['containers'] },
    ),
  },
  { requiredKeys: ['spec'] },
);
