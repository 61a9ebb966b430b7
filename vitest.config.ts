import { defineConfig } from 'vitest/config';

/** Of files that run beside one another: on two cores vitest itself would run one at a time. */
const maxWorkers = 2;
/** Files of suites that do so otherwise which have the machine to themselves: they load it, or time it. */
const alone = {
  component: [
    'packages/http/test/{attacks,idle-connections,memory}.component.test.ts',
    'packages/kubernetes/test/leader-elector.component.test.ts',
    'packages/sidecar/test/{captured-tcp,hot-changes,overload,proxy-bulk,proxy-endpoint-waits}.component.test.ts',
  ],
  kubernetes: ['test/kubernetes/{live-changes,mesh-on-pods,node}.kubernetes.test.ts'],
};
const component = { testTimeout: 30_000, hookTimeout: 60_000 };
const kubernetes = {
  testTimeout: 120_000,
  // As long as a cluster, the images and a mesh on it may take on a busy machine.
  hookTimeout: 300_000,
};
/** Somebody else's, which has room for one mesh. */
const isClusterGiven = (process.env.TULLE_TEST_KUBECONFIG ?? '') !== '';

/** Projects, so that each part of `npm test` runs by its own script: with `-alone`, a part of the one before. */
export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          include: [
            'packages/*/src/**/*.test.ts',
            'benchmarks/src/**/*.test.ts',
            'images/src/**/*.test.ts',
            'examples/**/*.test.ts',
            'scripts/**/*.test.mjs',
            'test/architecture/*.test.ts',
            'test/fault/src/**/*.test.ts',
            'test/kubernetes/src/**/*.test.ts',
          ],
          testTimeout: 10_000,
          maxWorkers,
        },
      },
      {
        test: {
          name: 'component',
          include: ['packages/*/test/**/*.component.test.ts', 'images/test/**/*.component.test.ts'],
          exclude: alone.component,
          ...component,
          maxWorkers,
        },
      },
      {
        test: {
          name: 'component-alone',
          include: alone.component,
          ...component,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/*.e2e.test.ts', 'test/fault/*.e2e.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 60_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'netns',
          include: ['test/netns/**/*.netns.test.ts'],
          testTimeout: 60_000,
          hookTimeout: 120_000,
          fileParallelism: false,
        },
      },
      {
        test: {
          name: 'kubernetes',
          include: ['test/kubernetes/*.kubernetes.test.ts'],
          exclude: alone.kubernetes,
          ...kubernetes,
          ...(isClusterGiven ? { fileParallelism: false } : { maxWorkers }),
        },
      },
      {
        test: {
          name: 'kubernetes-alone',
          include: alone.kubernetes,
          ...kubernetes,
          fileParallelism: false,
        },
      },
    ],
  },
});
