/**
 * What `npm run <task>` can do. `command` gets the arguments after `--` and gives the file to run (found on
 * PATH, node_modules/.bin first) and its arguments; paths are relative to the repository's root.
 */
export const tasks = {
  demo: {
    summary: 'Run the bookshop: real processes that talk over mutual TLS, and a view of their traffic.',
    usage: 'npm run demo -- [--once] [--json FILE] [--rate N] [--base A.B.C] [--dir DIR]',
    options: [
      ['--once', 'tell the whole story in under a minute, check it, and exit 0 or say what went wrong'],
      ['--json FILE', 'leave the figures (requests, edges, shift) in FILE'],
      ['--rate N', 'pages a second, four requests through the mesh each (default 75)'],
      ['--base A.B.C', 'the loopback addresses to use, A.B.C.1 and on (default 127.0.10)'],
      ['--dir DIR', 'the working directory, emptied at the start (default .tulle/demo)'],
    ],
    command: (args) => script('examples/bookshop/src/main.ts', args),
  },
  test: {
    summary: 'Run all tests: unit, component, end to end, pods in network namespaces, on a real Kubernetes.',
    usage: 'npm test -- [FILE-FILTER...] [VITEST-OPTION...]',
    options: [['FILE-FILTER', 'only test files whose path contains this text']],
    command: (args) => script('scripts/test.mjs', ['unit,component,e2e,netns,kubernetes', ...args]),
  },
  'test:unit': testTask('unit', 'Run the unit tests (*.test.ts beside the code, and the import rules).'),
  'test:component': testTask('component', 'Run the component tests (packages/*/test).'),
  'test:e2e': testTask('e2e', 'Run the end-to-end tests (test/e2e): whole meshes of real processes.'),
  'test:netns': testTask(
    'netns',
    'Run the tests of capture (test/netns): pods as network namespaces. Linux and root; else they say so.',
  ),
  'test:kubernetes': testTask(
    'kubernetes',
    'Run the tests on a real Kubernetes (test/kubernetes), which they are given or start; else they say so.',
    [
      ['TULLE_TEST_KUBECONFIG=FILE', 'in the environment: a cluster that is there for tests'],
      ['KUBEBUILDER_ASSETS=DIR', 'in the environment: kube-apiserver, etcd and kubectl to start one with'],
    ],
  ),
  check: {
    summary: 'Run every static check: types, style, import rules, unused code, wire contracts, docs.',
    usage: 'npm run check -- [--list] [CHECK...]',
    options: [
      ['CHECK', 'only the checks of these names'],
      ['--list', 'list the checks'],
    ],
    command: (args) => script('scripts/check.mjs', args),
  },
  generate: {
    summary: 'Generate code from proto/ into packages/xds/src/gen.',
    usage: 'npm run generate -- [--baseline]',
    options: [
      [
        '--baseline',
        'at a release only: also make the wire contract of this commit the one that later changes must not break',
      ],
    ],
    command: (args) => script('scripts/generate.mjs', args),
  },
  images: {
    summary: 'Write the container images as archives, without a container engine.',
    usage:
      'npm run images -- [--out DIR] [--only NAME]... [--registry R] [--version V] [--source-maps] [--unpacked DIR]',
    options: [
      ['--out DIR', 'where the archives go (default .tulle/images): for docker load, kind load, ctr import'],
      ['--only NAME', 'control-plane, sidecar, injector or bookshop; may be repeated (default: all)'],
      ['--registry R', 'the first part of the names (default tulle.dev)'],
      ['--version V', "the tag (default: the project's version)"],
      ['--source-maps', 'stack traces tell lines of the source, for a larger image and more memory'],
      ['--unpacked DIR', 'write the layers as folders, for a Dockerfile, in place of archives'],
    ],
    command: (args) => script('images/src/main.ts', args),
  },
  bench: {
    summary: 'Measure the sidecar beside nginx and HAProxy.',
    usage:
      'npm run bench -- [CASE...] [--all] [--list] [--quick] [--json FILE] [--subjects NAMES] [--connections N]',
    options: [
      [
        'CASE',
        'only these cases: a name (one-hop-h2c-64k) or a beginning (one-hop, idle); default: 1 KB bodies',
      ],
      ['--all', 'all cases: requests, bytes, latency at a steady rate, new connections, idle memory'],
      ['--list', 'tell the cases and what each measures'],
      ['--quick', 'short rounds: a rough figure'],
      ['--json FILE', 'write the rows to FILE'],
      ['--subjects NAMES', 'only these, divided by commas: nginx, haproxy, haproxy-h2, tulle, tulle-bundled'],
      ['--connections N', 'idle connections to each subject (default and most 10000, mutual TLS 1000)'],
    ],
    command: (args) => script('benchmarks/src/main.ts', args),
  },
  fault: {
    summary: 'A mesh under a steady load meets a fault: what of it is lost, and how long the rest takes.',
    usage: 'npm run fault -- NAME [--requests N] [--rate N] [--json FILE]',
    options: [
      [
        'NAME',
        'endpoint-killed, endpoint-added, rolling-replacement, control-plane-restart, sidecar-drain, certificate-swap',
      ],
      ['--requests N', 'at least so many (default 10000)'],
      ['--rate N', 'requests a second (default 500, from 50000 requests on 1000)'],
      ['--json FILE', 'leave { name, requests, failed, byReason, p99BeforeMs, p99DuringMs } in FILE'],
    ],
    command: (args) => script('test/fault/src/main.ts', args),
  },
  fuzz: {
    summary: 'Feed the codecs inputs that nobody would write; what it finds lands in .tulle/fuzz/findings.',
    usage: 'npm run fuzz -- [--minutes N] [--target NAME]... [--seed S] [--save]',
    options: [
      ['--minutes N', 'for each target (default 1); two targets run at a time'],
      ['--target NAME', 'only this target; may be repeated (default: all)'],
      ['--seed S', 'the same seed makes the same inputs (default: by the clock)'],
      ['--fresh', 'leave out what earlier runs found, .tulle/fuzz/corpus'],
      ['--save', "distil what was found into the repository's corpus, packages/http/corpus"],
      ['--replay FILE', 'run this one input of one --target'],
      ['--json FILE', 'leave the figures and findings in FILE'],
      ['--list', 'list the targets'],
    ],
    command: (args) => script('packages/http/test/fuzz/main.ts', args),
  },
};

function testTask(project, summary, options = []) {
  return {
    summary,
    usage: `npm run test:${project} -- [FILE-FILTER...] [VITEST-OPTION...]`,
    options: [['FILE-FILTER', 'only test files whose path contains this text'], ...options],
    command: (args) => script('scripts/test.mjs', [project, ...args]),
  };
}

function script(path, args) {
  return { file: 'node', args: [path, ...args] };
}

/** The help of one task. */
export function describeTask(name, { summary, usage, options }) {
  const rows = [...options, ['--help', 'show this']];
  const width = Math.max(...rows.map(([option]) => option.length));
  const lines = rows.map(([option, meaning]) => `  ${option.padEnd(width)}  ${meaning}`);
  return `${name}: ${summary}\n\nUsage: ${usage}\n\n${lines.join('\n')}\n`;
}

/** The help of all of them. */
export function describeTasks() {
  const width = Math.max(...Object.keys(tasks).map((name) => name.length));
  const lines = Object.entries(tasks).map(([name, { summary }]) => `  ${name.padEnd(width)}  ${summary}`);
  return `Usage: npm run TASK [-- ARGUMENTS]\n\n${lines.join('\n')}\n\nEach has its own help: npm run TASK -- --help\n`;
}
