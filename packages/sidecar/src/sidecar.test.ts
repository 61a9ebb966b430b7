import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';

test('a sidecar does not load the HTTP client and WebSocket that Node has for others', () => {
  const sidecar = JSON.stringify(import.meta.resolve('./sidecar.ts'));
  const script = `await import(${sidecar}); console.log(JSON.stringify(process.moduleLoadList));`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
  const loaded = JSON.parse(printed) as string[];
  expect(loaded).toContain('NativeModule http');
  expect(loaded.filter((name) => name.includes('undici'))).toEqual([]);
}, 60_000);
