import { formatServicePort, type RouteTable } from '@tulle/model';
import type { MeshSnapshot } from './mesh-snapshot.ts';

/** Whether what is checked is the same as in a snapshot that has been checked. */
export function isAsConsistentAs({ entries: a }: MeshSnapshot, { entries: b }: MeshSnapshot): boolean {
  return (
    a.service === b.service &&
    a.endpoints === b.endpoints &&
    a.routes === b.routes &&
    a.trustBundle === b.trustBundle
  );
}

/**
 * Whether the parts of a snapshot agree, whatever operators wrote: translation answers for it, so a finding
 * here is a fault of this program, and serving it could break traffic that works. Empty when all is well.
 */
export function checkConsistency({ entries }: MeshSnapshot): readonly string[] {
  const findings: string[] = [];
  const ports = new Set<string>();
  for (const { resource } of entries.service.values()) {
    for (const { port } of resource.ports) ports.add(formatServicePort({ ...resource, port }));
  }
  for (const port of ports) {
    if (!entries.endpoints.has(port)) findings.push(`service port ${port} has no endpoint set`);
  }
  for (const name of entries.endpoints.keys()) {
    if (!ports.has(name)) findings.push(`endpoint set ${name} belongs to no service port`);
  }
  for (const [name, { producer, byClientNamespace }] of entries.routes) {
    if (!ports.has(name)) findings.push(`routes ${name} belong to no service port`);
    for (const entry of [producer, ...byClientNamespace.values()]) {
      if (entry !== null) findings.push(...danglingBackends(entry.resource, ports));
    }
  }
  if (entries.trustBundle.size === 0) findings.push('there is no trust bundle');
  for (const { name, resource } of entries.trustBundle.values()) {
    if (resource.rootsPem.length === 0) findings.push(`trust bundle ${name} has no roots`);
  }
  return findings;
}

function danglingBackends(table: RouteTable, ports: ReadonlySet<string>): readonly string[] {
  const findings = new Set<string>();
  for (const { name, backends } of table.rules) {
    for (const backend of backends) {
      if (backend.kind !== 'service') continue;
      const port = formatServicePort(backend.service);
      if (!ports.has(port)) findings.add(`rule ${name} refers to ${port}, which there is not`);
    }
  }
  return [...findings];
}
