import type { Manifest } from './manifests.ts';

/**
 * The environment that a kubelet would give a container: fields of its pod, and `$(NAME)` of what stands before.
 */
export function containerEnv(
  container: Manifest,
  fields: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const env: Record<string, string> = {};
  for (const { name, value, valueFrom } of (container.env ?? []) as Manifest[]) {
    env[name] = valueFrom === undefined ? expand(value ?? '', env) : fieldOf(name, valueFrom, fields);
  }
  return env;
}

function expand(value: string, env: Readonly<Record<string, string>>): string {
  return value.replace(/\$\(([A-Za-z_][A-Za-z0-9_]*)\)/g, (whole, name: string) => env[name] ?? whole);
}

function fieldOf(name: string, source: Manifest, fields: Readonly<Record<string, string>>): string {
  const path = source.fieldRef?.fieldPath;
  const value = fields[path];
  if (value === undefined)
    throw new Error(`${name} comes from ${JSON.stringify(source)}, which tests do not know`);
  return value;
}
