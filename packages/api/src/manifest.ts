import type { Parsed, Violation } from '@tulle/model';
import { type EndpointSlice, readEndpointSlice } from './kinds/endpoint-slice.ts';
import { type HttpRoute, readHttpRoute } from './kinds/http-route.ts';
import { type MeshConfig, readMeshConfig } from './kinds/mesh-config.ts';
import { type Namespace, readNamespace } from './kinds/namespace.ts';
import { type NetworkPolicy, readNetworkPolicy } from './kinds/network-policy.ts';
import { type Node, readNode } from './kinds/node.ts';
import { type PeerAuthentication, readPeerAuthentication } from './kinds/peer-authentication.ts';
import { type Pod, readPod } from './kinds/pod.ts';
import { type KubernetesService, readService } from './kinds/service.ts';
import { apiGroups } from './labels.ts';
import { ManifestNode, type ManifestReport } from './manifest-node.ts';

/** The kinds that the mesh reads. Adding one makes the compiler name each table that lacks it. */
export interface KubernetesKinds {
  readonly Namespace: Namespace;
  readonly Service: KubernetesService;
  readonly EndpointSlice: EndpointSlice;
  readonly Pod: Pod;
  readonly Node: Node;
  readonly NetworkPolicy: NetworkPolicy;
  readonly HTTPRoute: HttpRoute;
  readonly PeerAuthentication: PeerAuthentication;
  readonly MeshConfig: MeshConfig;
}

export type KubernetesKind = keyof KubernetesKinds;

/** A well-formed object of a kind that means nothing to the mesh. */
export interface ForeignObject {
  readonly kind: 'foreign';
  /** `apps/v1 Deployment` */
  readonly type: string;
}

export type KubernetesObject = KubernetesKinds[KubernetesKind];

interface KindReader<K extends KubernetesKind> {
  readonly group: string;
  readonly versions: readonly string[];
  readonly read: (node: ManifestNode) => KubernetesKinds[K];
}

const readers: { readonly [K in KubernetesKind]: KindReader<K> } = {
  Namespace: { group: '', versions: ['v1'], read: readNamespace },
  Service: { group: '', versions: ['v1'], read: readService },
  EndpointSlice: { group: apiGroups.discovery, versions: ['v1'], read: readEndpointSlice },
  Pod: { group: '', versions: ['v1'], read: readPod },
  Node: { group: '', versions: ['v1'], read: readNode },
  NetworkPolicy: { group: apiGroups.networking, versions: ['v1'], read: readNetworkPolicy },
  HTTPRoute: { group: apiGroups.gateway, versions: ['v1', 'v1beta1'], read: readHttpRoute },
  PeerAuthentication: { group: apiGroups.tulle, versions: ['v1alpha1'], read: readPeerAuthentication },
  MeshConfig: { group: apiGroups.tulle, versions: ['v1alpha1'], read: readMeshConfig },
};

export const kubernetesKinds = Object.keys(readers) as readonly KubernetesKind[];

export type ParsedManifest = Parsed<KubernetesObject | ForeignObject> & {
  /** What was found odd, and does not stand in the way. */
  readonly warnings: readonly Violation[];
};

export interface ParseOptions {
  /** A cluster drops what it does not know by itself, and its own kinds have hundreds of fields. Default false. */
  readonly isStored?: boolean;
}

/** Reads one object as YAML or JSON gives it; reports every violation with its path, not the first. */
export function parseManifest(manifest: unknown, { isStored = false }: ParseOptions = {}): ParsedManifest {
  const report: ManifestReport = { violations: [], warnings: [], areUnknownFieldsIgnored: isStored };
  const node = new ManifestNode(manifest, '', report);
  node.object({ isRequired: true });
  const apiVersion = node.field('apiVersion').text();
  const kind = node.field('kind').text();
  if (report.violations.length > 0) return { ok: false, ...report };

  const slash = apiVersion.indexOf('/');
  const group = slash < 0 ? '' : apiVersion.slice(0, slash);
  const reader = Object.hasOwn(readers, kind) ? readers[kind as KubernetesKind] : null;
  if (reader === null || reader.group !== group) {
    return parseForeign(node, apiVersion, kind);
  }
  if (!reader.versions.includes(apiVersion.slice(slash + 1))) {
    const known = reader.versions.map((version) => (group === '' ? version : `${group}/${version}`));
    node.field('apiVersion').violate(`must be ${known.join(' or ')} for ${kind}, not ${apiVersion}`);
    return { ok: false, ...report };
  }
  const value = reader.read(node);
  return report.violations.length > 0
    ? { ok: false, ...report }
    : { ok: true, value, warnings: report.warnings };
}

/** The one kind without a name that commonly lies beside manifests. */
const nameless = /^kustomize\.config\.k8s\.io\//;

/** It has to have a name all the same: a manifest that was cut off in its first lines is not a foreign kind. */
function parseForeign(node: ManifestNode, apiVersion: string, kind: string): ParsedManifest {
  if (!nameless.test(apiVersion)) node.field('metadata').object({ isRequired: true }).field('name').text();
  if (node.report.violations.length > 0) return { ok: false, ...node.report };
  return { ok: true, value: { kind: 'foreign', type: `${apiVersion} ${kind}` }, warnings: [] };
}

/** `<namespace>/<name>`; the name alone for kinds of the whole cluster. */
export function objectKey({ metadata }: KubernetesObject): string {
  return metadata.namespace === '' ? metadata.name : `${metadata.namespace}/${metadata.name}`;
}
