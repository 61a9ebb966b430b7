import { defineConfig } from 'vitest/config';

/** Five projects, so that each part of `npm test` runs by its own script. */
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
        },
      },
      {
        test: {
          name: 'component',
          include: ['packages/*/test/**/*.component.test.ts', 'images/test/**/*.component.test.ts'],
          testTimeout: 30_000,
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
          testTimeout: 120_000,
          // As long as a cluster, the images and a mesh on it may take on a busy machine.
          hookTimeout: 300_000,
          fileParallelism: false,
        },
      },
    ],
  },
});
