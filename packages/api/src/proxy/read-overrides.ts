import { ManifestNode, type ManifestReport } from '../manifest-node.ts';
import { nearestName } from './nearest-name.ts';
import { type ProxyOptions, type ProxyOverrides, proxyOptionKeys, proxyOptions } from './proxy-options.ts';

export const configPrefix = 'config.tulle.dev/';

const keyOfName = new Map(proxyOptionKeys.map((key) => [proxyOptions[key].name, key]));

export interface ReadOverrides extends ManifestReport {
  readonly overrides: ProxyOverrides;
}

/** The `config.tulle.dev/*` of an object's annotations; `path` is where they stand. */
export function readConfigAnnotations(annotations: unknown, path = 'metadata.annotations'): ReadOverrides {
  const report: ManifestReport = { violations: [], warnings: [] };
  const node = new ManifestNode(annotations, path, report).object();
  const overrides: Record<string, unknown> = {};
  for (const [annotation, value] of node.textMap()) {
    if (!annotation.startsWith(configPrefix)) continue;
    const name = annotation.slice(configPrefix.length);
    const key = keyOfName.get(name);
    if (key === undefined) node.field(annotation).warn(unknownName(name));
    else readInto(overrides, key, { node: node.field(annotation), text: value });
  }
  return { overrides: overrides as ProxyOverrides, ...report };
}

/** Options by their names in YAML (`logLevel: info`), as the injector's settings have them. */
export function readProxyOverrides(node: ManifestNode): ProxyOverrides {
  node.object();
  const overrides: Record<string, unknown> = {};
  for (const key of proxyOptionKeys) {
    const field = node.field(key);
    const text = plainText(field);
    if (text !== null) readInto(overrides, key, { node: field, text });
  }
  node.warnOfUnknownFields();
  return overrides as ProxyOverrides;
}

interface OptionText {
  readonly node: ManifestNode;
  readonly text: string;
}

function readInto(
  overrides: Record<string, unknown>,
  key: keyof ProxyOptions,
  { node, text }: OptionText,
): void {
  const { reader } = proxyOptions[key];
  const read = reader.read(text);
  if (read === null) node.violate(`must be ${reader.form}, not ${JSON.stringify(text.slice(0, 80))}`);
  else overrides[key] = read.value;
}

/** A text, number, or list of them, as its annotation would have it; null: absent, or reported. */
function plainText(node: ManifestNode): string | null {
  const { value } = node;
  if (node.isAbsent) return null;
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  const isList = Array.isArray(value) && value.every((item) => ['string', 'number'].includes(typeof item));
  if (isList) return value.join(',');
  node.violate('must be a text, a number, or a list of them');
  return null;
}

function unknownName(name: string): string {
  const nearest = nearestName(name, [...keyOfName.keys()]);
  return `is no known setting${nearest === null ? '' : `: is ${configPrefix}${nearest} meant?`}`;
}
