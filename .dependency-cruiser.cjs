/**
 * Who may import whom: the table of ARCHITECTURE.md as rules. Each rule has a tree of its own under
 * test/architecture/fixtures that breaks it and no other; the test there proves that each one bites.
 */
const tests = '(\\.test\\.ts$|^packages/[^/]+/test/|/testing/)';

/** Package -> the packages that it may import, besides `testkit` in its tests. */
const allowedImports = {
  runtime: [],
  http: ['runtime'],
  xds: ['model'],
  policy: ['model'],
  api: ['model'],
  kubernetes: ['runtime'],
  certificates: [],
  'control-plane': ['model', 'runtime', 'xds', 'api', 'policy', 'kubernetes', 'certificates'],
  sidecar: ['model', 'runtime', 'xds', 'http', 'policy'],
  'injector-webhook': ['api', 'model', 'runtime', 'kubernetes', 'certificates'],
  cli: ['api', 'model', 'xds', 'runtime', 'policy', 'kubernetes', 'injector-webhook'],
  dashboard: [],
  testkit: ['runtime', 'xds'],
};

const packageRules = Object.entries(allowedImports).map(([name, allowed]) => ({
  name: `imports-of-${name}`,
  comment: `packages/${name} imports ${allowed.length === 0 ? 'no other package' : `only ${allowed.join(', ')}`} (tests: testkit too).`,
  severity: 'error',
  from: { path: `^packages/${name}/` },
  to: {
    path: '^packages/',
    pathNot: [name, ...allowed, 'testkit'].map((other) => `^packages/${other}/`),
  },
}));

const kubernetesClients = '(^|/)@kubernetes/';
const sockets = '^(node:)?(net|tls|http|https|http2|dgram|dns)(/|$)';
const outside = '^(node:)?(fs|net|tls|http|https|http2|dgram|dns|child_process|timers|worker_threads)(/|$)';

/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    {
      name: 'model-imports-nothing',
      comment:
        'The vocabulary depends on nothing, neither packages nor the platform: everything may import it.',
      severity: 'error',
      from: { path: '^packages/model/src/', pathNot: tests },
      to: { pathNot: '^packages/model/' },
    },
    ...packageRules,
    {
      name: 'only-tests-import-testkit',
      comment: 'Fakes and the test CA never reach a program.',
      severity: 'error',
      from: { path: '^(packages|examples)/', pathNot: [tests, '^packages/testkit/'] },
      to: { path: '^packages/testkit/' },
    },
    {
      name: 'packages-meet-at-their-root',
      comment: "A package's inside is its own: others import its root export.",
      severity: 'error',
      from: {
        path: '^(packages/[^/]+/|benchmarks/|examples/|test/)',
        // They time single functions. To export those would make them part of a package's promise.
        pathNot: '^benchmarks/micro/',
      },
      to: { path: '^packages/', pathNot: ['^$1', '^packages/[^/]+/src/index\\.ts$'] },
    },
    {
      name: 'packages-are-imported-by-name',
      comment: 'A relative path into another package goes round its exports and its declared dependency.',
      severity: 'error',
      from: { path: '^(packages/[^/]+/|benchmarks/|examples/|test/)' },
      to: {
        path: '^packages/[^/]+/src/index\\.ts$',
        pathNot: '^$1',
        dependencyTypes: ['local'],
      },
    },
    {
      name: 'sidecar-imports-no-kubernetes-client',
      comment:
        'A sidecar talks to the control plane only, not through others either: memory, and least privilege.',
      severity: 'error',
      from: { path: '^packages/sidecar/' },
      to: { path: kubernetesClients, reachable: true },
    },
    {
      name: 'kubernetes-clients-at-home',
      comment:
        'The client library is for kubeconfigs and authentication, and packages/kubernetes alone knows of it.',
      severity: 'error',
      from: { pathNot: '^packages/(kubernetes|sidecar)/' },
      to: { path: kubernetesClients },
    },
    {
      name: 'policy-opens-no-sockets',
      comment: '`explain` runs the same matching code on a snapshot: it has to be free of sockets.',
      severity: 'error',
      from: { path: '^packages/policy/src/', pathNot: tests },
      to: { path: sockets, dependencyTypes: ['core'] },
    },
    {
      name: 'translation-is-pure',
      comment: 'Resources in; model and statuses out. No files, sockets or timers.',
      severity: 'error',
      from: { path: '^packages/control-plane/src/translate/', pathNot: tests },
      to: { path: outside, dependencyTypes: ['core'] },
    },
    {
      name: 'no-import-of-a-program',
      comment: 'main.ts starts a process when it is imported, and reads the environment.',
      severity: 'error',
      from: {},
      to: { path: '/src/(main|init-main|wait-main)\\.ts$' },
    },
    {
      name: 'no-circular-imports',
      comment: 'Two files that need each other are one, or lack a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'no-dev-dependency-from-src',
      comment: 'What a program needs to run is one of its dependencies, or it is absent from the image.',
      severity: 'error',
      from: { path: '^packages/[^/]+/src/', pathNot: tests },
      to: { dependencyTypes: ['npm-dev'] },
    },
    {
      name: 'src-imports-no-tests',
      comment: 'Tests are not part of the program.',
      severity: 'error',
      from: { path: '^(packages|benchmarks|examples)/', pathNot: tests },
      to: { path: `${tests}|^test/` },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|fixtures|coverage)/' },
    // Imports of types are imports too: they make one package depend on the other's vocabulary.
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.mjs', '.js', '.cjs', '.json'],
    },
  },
};
