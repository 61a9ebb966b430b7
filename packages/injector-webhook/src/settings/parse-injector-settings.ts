import { ManifestNode, type ManifestReport, parseYamlDocuments, readProxyOverrides } from '@tulle/api';
import type { Violation } from '@tulle/model';
import { defaultInjectorSettings, type InjectorSettings } from './injector-settings.ts';

export type ParsedInjectorSettings =
  | { readonly ok: true; readonly value: InjectorSettings; readonly warnings: readonly Violation[] }
  | { readonly ok: false; readonly violations: readonly Violation[] };

const pullPolicies = ['Always', 'IfNotPresent', 'Never'] as const;
const namespaceRule = {
  is: 'the name of a namespace',
  test: (text: string) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text),
};
/** SPIFFE-ID specification, section 2.1. */
const trustDomainRule = {
  is: 'a trust domain in lower case',
  test: (text: string) => /^[a-z0-9][a-z0-9._-]{0,254}$/.test(text),
};
const versionRule = {
  is: 'a version such as 0.1.0',
  test: (text: string) => /^[\w][\w.+-]{0,62}$/.test(text),
};
const collectorRule = {
  is: 'the URL of an OTLP/HTTP collector',
  test: (text: string) => /^https?:\/\/[^\s/?#]+(\/\S*)?$/.test(text),
};

/** Reads `config.yaml`; `version` is what holds where it names none. Reports every violation. */
export function parseInjectorSettings(text: string, version: string): ParsedInjectorSettings {
  const { documents, faults } = parseYamlDocuments(text, 'config.yaml');
  if (faults.length > 0) return { ok: false, violations: faults };
  if (documents.length > 1) return { ok: false, violations: [{ path: '', reason: 'must be one document' }] };
  const report: ManifestReport = { violations: [], warnings: [] };
  const node = new ManifestNode(documents[0]?.object ?? {}, '', report).object();
  const value = readSettings(node, version);
  if (report.violations.length > 0) return { ok: false, violations: report.violations };
  return { ok: true, value, warnings: report.warnings };
}

function readSettings(node: ManifestNode, version: string): InjectorSettings {
  const named = node.field('version').optionalText(versionRule) ?? version;
  const base = defaultInjectorSettings(named);
  const excluded = node.field('excludedNamespaces');
  const settings: InjectorSettings = {
    meshNamespace: node.field('meshNamespace').optionalText(namespaceRule) ?? base.meshNamespace,
    trustDomain: node.field('trustDomain').optionalText(trustDomainRule) ?? base.trustDomain,
    excludedNamespaces: excluded.isAbsent
      ? base.excludedNamespaces
      : excluded.items({ max: 100 }).map((item) => item.text(namespaceRule)),
    version: named,
    imagePullPolicy: node.field('imagePullPolicy').oneOf(pullPolicies, base.imagePullPolicy),
    tracingEndpoint: node.field('tracingEndpoint').optionalText(collectorRule) ?? base.tracingEndpoint,
    proxy: { ...base.proxy, ...readProxyOverrides(node.field('proxy')) },
  };
  node.warnOfUnknownFields();
  return settings;
}
