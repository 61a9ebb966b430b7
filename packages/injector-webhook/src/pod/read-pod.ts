import { ManifestNode, type ManifestReport } from '@tulle/api';
import type { Parsed } from '@tulle/model';
import { probeLimits } from '../probes/probe-table.ts';
import type { RawPod } from './raw-pod.ts';

/** More than any cluster takes. */
const limits = {
  containers: 200,
  volumes: 1_000,
  ports: 1_000,
  env: 5_000,
  headers: probeLimits.headers,
} as const;
const port = { min: 1, max: 65_535 } as const;
const id = { min: 0, max: 4_294_967_295 } as const;
const seconds = { min: 0, max: Number.MAX_SAFE_INTEGER } as const;
const lists = ['initContainers', 'containers'] as const;

/** The door: any JSON becomes a pod whose fields have the form that raw-pod.ts says, or every reason why not. */
export function readPod(json: unknown): Parsed<RawPod> {
  const report: ManifestReport = { violations: [], warnings: [] };
  const pod = new ManifestNode(json, '', report).object({ isRequired: true });
  const metadata = pod.field('metadata').object();
  metadata.field('labels').textMap();
  metadata.field('annotations').textMap();
  pod.field('status').object().field('phase').optionalText();
  checkSpec(pod.field('spec').object({ isRequired: true }));
  if (report.violations.length > 0) return { ok: false, violations: report.violations };
  return { ok: true, value: withoutNulls(json) as RawPod };
}

/** Deeper than anything of a pod's: what is sent to be deep is left as it is. */
const maxDepth = 64;

/** A field that is null is none, as manifests written by hand have it; the same object where there are none. */
function withoutNulls(json: unknown, depth = 0): unknown {
  if (typeof json !== 'object' || json === null || depth > maxDepth) return json;
  if (Array.isArray(json)) {
    const items = json.map((item) => withoutNulls(item, depth + 1));
    return items.some((item, i) => item !== json[i]) ? items : json;
  }
  const entries = Object.entries(json);
  const kept = entries
    .filter(([, value]) => value !== null)
    .map(([key, value]) => [key, withoutNulls(value, depth + 1)] as const);
  const isSame = kept.length === entries.length && kept.every(([, value], i) => value === entries[i]![1]);
  return isSame ? json : Object.fromEntries(kept);
}

function checkSpec(spec: ManifestNode): void {
  for (const list of lists) {
    const min = list === 'containers' ? 1 : 0;
    for (const container of spec.field(list).items({ min, max: limits.containers }))
      checkContainer(container);
  }
  for (const volume of spec.field('volumes').items({ max: limits.volumes })) named(volume);
  spec.field('hostNetwork').optionalBoolean();
  for (const name of ['restartPolicy', 'dnsPolicy']) spec.field(name).optionalText();
  spec.field('terminationGracePeriodSeconds').optionalInteger(seconds);
  spec.field('os').object().field('name').optionalText();
  spec.field('nodeSelector').textMap();
  checkSecurity(spec.field('securityContext'));
  checkResources(spec.field('resources'));
}

function checkContainer(container: ManifestNode): void {
  named(container);
  container.field('restartPolicy').optionalText();
  for (const one of container.field('ports').items({ max: limits.ports })) {
    one.object({ isRequired: true }).field('containerPort').integer(port);
    one.field('name').optionalText();
    one.field('protocol').optionalText();
  }
  for (const variable of container.field('env').items({ max: limits.env })) named(variable);
  for (const probe of ['livenessProbe', 'readinessProbe', 'startupProbe']) checkProbe(container.field(probe));
  const lifecycle = container.field('lifecycle').object();
  for (const handler of ['postStart', 'preStop']) checkProbe(lifecycle.field(handler));
  checkSecurity(container.field('securityContext'));
  checkResources(container.field('resources'));
}

function checkProbe(probe: ManifestNode): void {
  probe.object().field('timeoutSeconds').optionalInteger(seconds);
  const http = probe.field('httpGet').object();
  if (!http.isAbsent) {
    portOrName(http.field('port'));
    for (const name of ['path', 'scheme', 'host']) http.field(name).optionalText();
    for (const header of http.field('httpHeaders').items({ max: limits.headers })) {
      named(header).field('value').optionalText();
    }
  }
  const tcp = probe.field('tcpSocket').object();
  if (!tcp.isAbsent) portOrName(tcp.field('port'));
  tcp.field('host').optionalText();
  const grpc = probe.field('grpc').object();
  if (!grpc.isAbsent) grpc.field('port').integer(port);
  grpc.field('service').optionalText();
}

function portOrName(node: ManifestNode): void {
  if (typeof node.value === 'string') node.text();
  else node.integer(port);
}

function named(node: ManifestNode): ManifestNode {
  node.object({ isRequired: true }).field('name').text();
  return node;
}

function checkSecurity(node: ManifestNode): void {
  node.object();
  for (const name of ['runAsUser', 'runAsGroup']) node.field(name).optionalInteger(id);
}

function checkResources(node: ManifestNode): void {
  node.object();
  for (const name of ['requests', 'limits']) node.field(name).object();
}
