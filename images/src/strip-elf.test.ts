import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { stripElf } from './strip-elf.ts';

test.runIf(process.platform === 'linux')('a Node without symbols runs, and is smaller', () => {
  const folder = mkdtempSync(join(tmpdir(), 'tulle-strip-'));
  try {
    const whole = readFileSync(process.execPath);
    const stripped = stripElf(whole);
    expect(stripped.length).toBeLessThan(whole.length * 0.95);
    const path = join(folder, 'node');
    writeFileSync(path, stripped, { mode: 0o755 });
    expect(execFileSync(path, ['-p', 'process.version'], { encoding: 'utf8' }).trim()).toBe(process.version);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test('what is no program is left as it is', () => {
  const script = Buffer.from('#!/bin/sh\n'.repeat(20));
  expect(stripElf(script)).toBe(script);
});

test.runIf(process.platform === 'linux')('a program that is cut short is refused', () => {
  const whole = readFileSync(process.execPath);
  expect(() => stripElf(whole.subarray(0, 1_000_000))).toThrow('cut short');
});
