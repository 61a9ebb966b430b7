import { stringify } from 'yaml';
import type { Manifest, ManifestFamily } from './manifests/manifest.ts';
import { manifestFamilies } from './manifests/manifests.ts';
import { fillTree, type Plain, type Scope } from './template/fill-tree.ts';
import { builtinOf } from './template/tree.ts';
import type { Values } from './values/read-values.ts';

export interface Installation {
  readonly namespace: string;
  /** The program's own version: what the images are tagged with where no value says otherwise. */
  readonly version: string;
  readonly values: Values;
}

/** An object as the cluster gets it. */
export interface RenderedObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly labels?: Readonly<Record<string, string>>;
  };
  readonly [field: string]: unknown;
}

/** The objects of an installation, the Namespace not among them, in the order in which they are applied. */
export function renderInstallation(installation: Installation): readonly RenderedObject[] {
  return manifestFamilies.flatMap((family) => renderFamily(family, installation));
}

function renderFamily({ objects }: ManifestFamily, installation: Installation): readonly RenderedObject[] {
  const scope = scopeOf(installation);
  return objects
    .filter(({ when }: Manifest) => when === undefined || scope(when) === true)
    .map(({ object }) => renderedObject(fillTree(object, scope)));
}

function renderedObject(filled: Plain): RenderedObject {
  if (!isRenderedObject(filled)) throw new TypeError(`a manifest gives no object: ${JSON.stringify(filled)}`);
  return filled;
}

function isRenderedObject(filled: unknown): filled is RenderedObject {
  const { apiVersion, kind, metadata } = (filled ?? {}) as Partial<RenderedObject>;
  return typeof apiVersion === 'string' && typeof kind === 'string' && typeof metadata?.name === 'string';
}

/** Many documents, which `kubectl apply -f -` takes. */
export function writeObjects(objects: readonly object[]): string {
  return objects
    .map(
      (object) =>
        `---\n${stringify(object, { lineWidth: 0, aliasDuplicateObjects: false, compat: 'yaml-1.1' })}`,
    )
    .join('');
}

function scopeOf({ namespace, version, values }: Installation): Scope {
  return (path) => {
    switch (builtinOf(path)) {
      case 'namespace':
        return namespace;
      case 'version':
        return valueAt(values, 'image.version') || version;
      case 'installer':
        return 'tulle';
      case 'values':
        return JSON.stringify(sorted(values as Plain));
      case null:
        return valueAt(values, path);
    }
  };
}

function valueAt(values: Values, path: string): unknown {
  return path.split('.').reduce<unknown>((value, key) => (value as Values)?.[key], values);
}

/** As Helm writes JSON: equal values give equal text. */
function sorted(value: Plain): Plain {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, child]) => [key, sorted(child)]));
}
