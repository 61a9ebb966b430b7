/**
 * Names of the mesh's resources. They are the names on the wire too, so that an operator who reads a
 * config dump, a log line or a snapshot always meets the same one.
 */
export interface NamespacedName {
  readonly namespace: string;
  readonly name: string;
}

/** `<namespace>/<name>`: a service or a workload. */
export function formatName({ namespace, name }: NamespacedName): string {
  return `${namespace}/${name}`;
}

export function parseName(text: string): NamespacedName | null {
  const slash = text.indexOf('/');
  if (slash <= 0 || slash === text.length - 1 || text.indexOf('/', slash + 1) !== -1) return null;
  return { namespace: text.slice(0, slash), name: text.slice(slash + 1) };
}

/** `<namespace>/<name>:<port>`: one port of a service; names its endpoints and its routes. */
export interface ServicePortName extends NamespacedName {
  readonly port: number;
}

export function formatServicePort({ namespace, name, port }: ServicePortName): string {
  return `${namespace}/${name}:${port}`;
}

export function parseServicePort(text: string): ServicePortName | null {
  const colon = text.lastIndexOf(':');
  const name = colon < 0 ? null : parseName(text.slice(0, colon));
  const port = colon < 0 ? Number.NaN : Number(text.slice(colon + 1));
  if (name === null || !Number.isInteger(port) || port < 1 || port > 65_535) return null;
  return { ...name, port };
}
