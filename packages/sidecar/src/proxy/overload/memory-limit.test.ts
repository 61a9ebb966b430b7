import { expect, it } from 'vitest';
import { cgroupMemoryLimitBytes } from './memory-limit.ts';

const v2 = '/sys/fs/cgroup/memory.max';
const v1 = '/sys/fs/cgroup/memory/memory.limit_in_bytes';

it.each([
  ['of version 2', { [v2]: '268435456\n' }, 268_435_456],
  ['of version 1', { [v1]: '134217728\n' }, 134_217_728],
  ['none in version 2', { [v2]: 'max\n' }, null],
  ['none in version 1', { [v1]: '9223372036854771712\n' }, null],
  ['none mounted', {}, null],
])('the limit of the cgroup: %s', (_, files: Record<string, string>, expected) => {
  const readText = (path: string) => {
    const text = files[path];
    if (text === undefined) throw new Error('ENOENT');
    return text;
  };
  expect(cgroupMemoryLimitBytes(readText)).toBe(expected);
});
