import { defaults } from '@tulle/api';
import { formatViolations, type Parsed } from '@tulle/model';
import { TulleError } from '@tulle/runtime';
import type { Command } from 'commander';
import { parse } from 'yaml';
import { readYamlFile } from '../files/yaml-files.ts';
import { type Installation, type RenderedObject, renderInstallation } from './render.ts';
import { settingsFaults } from './settings-faults.ts';
import { parseSet } from './values/parse-set.ts';
import { mergeValues, readValues, type Values } from './values/read-values.ts';
import { valueTree } from './values/values.ts';

/** What `tulle install` and `tulle upgrade` are told of the values. */
export interface ValueOptions {
  readonly values: readonly string[];
  readonly set: readonly string[];
  readonly registry?: string;
  readonly version?: string;
  readonly replicas?: string;
  readonly ha?: boolean;
}

const collect = (value: string, before: readonly string[]) => [...before, value];

export function addNamespaceOption(command: Command): Command {
  return command.option('-n, --namespace <namespace>', "the mesh's own namespace", defaults.meshNamespace);
}

export function addValueOptions(command: Command): Command {
  return command
    .option('-f, --values <file>', 'a file of values, as for the Helm chart; may be repeated', collect, [])
    .option('--set <path=value>', 'a single value; may be repeated', collect, [])
    .option('--registry <registry>', 'where the images come from (image.registry)')
    .option('--version <version>', "the images' tag (image.version)")
    .option('--replicas <number>', 'pods of each program (controlPlane.replicas and injector.replicas)')
    .option('--ha', 'three of each, on different nodes');
}

const namespaceName = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

export function checkNamespace(namespace: string): string {
  if (namespaceName.test(namespace)) return namespace;
  throw invalid(`--namespace: must be the name of a namespace, not ${JSON.stringify(namespace)}`);
}

/** The values of files and flags, laid over those that there are already. */
export async function valuesOf(options: ValueOptions, installed: Values = {}): Promise<Values> {
  let given = installed;
  for (const file of options.values) given = mergeValues(given, await readValuesFile(file));
  given = mergeValues(given, valuesOfFlags(options));
  for (const argument of options.set) given = mergeValues(given, orThrow(parseSet(argument)));
  return orThrow(readValues(valueTree, given));
}

/** The objects of an installation, if the injector can do with what they say. */
export function renderChecked(installation: Installation): readonly RenderedObject[] {
  const objects = renderInstallation(installation);
  const faults = settingsFaults(objects, installation.version);
  if (faults.length > 0) throw invalid(formatViolations(faults));
  return objects;
}

function valuesOfFlags({ registry, version, replicas, ha }: ValueOptions): Values {
  // What is no number is told as it was written.
  const asked = replicas !== undefined && /^\d{1,9}$/.test(replicas) ? Number(replicas) : replicas;
  const pods = asked ?? (ha ? 3 : undefined);
  const group = (key: string, value: unknown) => (value === undefined ? {} : { [key]: value });
  return {
    image: { ...group('registry', registry), ...group('version', version) },
    controlPlane: group('replicas', pods),
    injector: group('replicas', pods),
    topologySpread: group('whenUnsatisfiable', ha ? 'DoNotSchedule' : undefined),
  };
}

async function readValuesFile(file: string): Promise<Values> {
  const text = await readYamlFile(file);
  let values: unknown;
  try {
    values = parse(text);
  } catch (cause) {
    throw new TulleError('VALUES_INVALID', `${file} cannot be read as YAML`, { source: 'config', cause });
  }
  if (values === null || values === undefined) return {};
  if (typeof values === 'object' && !Array.isArray(values)) return values as Values;
  throw invalid(`${file} must be an object of values`);
}

function orThrow<T>(parsed: Parsed<T>): T {
  if (parsed.ok) return parsed.value;
  throw invalid(formatViolations(parsed.violations));
}

function invalid(message: string): TulleError {
  return new TulleError('VALUES_INVALID', message, { source: 'config' });
}
