import { describe, expect, it } from 'vitest';
import { parseManifest } from '../manifest.ts';
import type { Pod } from './pod.ts';

function parse(metadata: object): { pod: Pod; warnings: readonly string[] } {
  const parsed = parseManifest({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'web-7d4b9-x2x1z', ...metadata },
  });
  if (!parsed.ok || parsed.value.kind !== 'Pod') throw new Error(JSON.stringify(parsed));
  return { pod: parsed.value, warnings: parsed.warnings.map(({ path, reason }) => `${path}: ${reason}`) };
}

const owned = (kind: string, name: string, labels = {}) =>
  parse({ labels, ownerReferences: [{ kind, name, controller: true }] }).pod.owner;

describe("a pod's owner", () => {
  it.each([
    ['a Deployment, by its ReplicaSet', 'ReplicaSet', 'web-7d4b9', { 'pod-template-hash': '7d4b9' }, 'web'],
    ['an Argo Rollout', 'ReplicaSet', 'web-7d4b9', { 'rollouts-pod-template-hash': '7d4b9' }, 'web'],
    ['a ReplicaSet of its own', 'ReplicaSet', 'web-7d4b9', {}, 'web-7d4b9'],
    ['a ReplicaSet named as its hash', 'ReplicaSet', '-7d4b9', { 'pod-template-hash': '7d4b9' }, '-7d4b9'],
    ['a ReplicaSet with an empty hash', 'ReplicaSet', 'web-', { 'pod-template-hash': '' }, 'web-'],
    ['a StatefulSet', 'StatefulSet', 'db', { app: 'other' }, 'db'],
    ['a DaemonSet', 'DaemonSet', 'agent', {}, 'agent'],
    ['a CronJob, by its Job', 'Job', 'report-28874120', {}, 'report'],
    ['a Job', 'Job', 'migrate-3', {}, 'migrate-3'],
    ['a kind of somebody else', 'Cluster', 'pg-main', {}, 'pg-main'],
  ])('is %s', (_, kind, name, labels, owner) => {
    expect(owned(kind, name, labels)).toBe(owner);
  });

  it('is what its labels call it where nobody owns it, else its own name', () => {
    const labels = { app: 'a', 'app.kubernetes.io/name': 'b' };
    expect(parse({ labels }).pod.owner).toBe('b');
    expect(parse({ labels: { app: 'a', 'app.kubernetes.io/name': '' } }).pod.owner).toBe('a');
    expect(parse({}).pod.owner).toBe('web-7d4b9-x2x1z');
    expect(owned('Node', 'node-1', { app: 'proxy' })).toBe('proxy');
    expect(parse({ ownerReferences: [{ kind: 'ReplicaSet', name: 'web' }] }).pod.owner).toBe(
      'web-7d4b9-x2x1z',
    );
  });
});

describe("a pod's capture", () => {
  const captured = (value: unknown) => parse({ annotations: { 'config.tulle.dev/capture': value } });

  it('is off unless its annotation says so', () => {
    expect(parse({}).pod.isCaptured).toBe(false);
    expect(captured('disabled').pod.isCaptured).toBe(false);
    expect(captured('enabled').pod.isCaptured).toBe(true);
  });

  it('is off and warned of where the annotation says something else', () => {
    const { pod, warnings } = captured('yes');
    expect(pod.isCaptured).toBe(false);
    expect(warnings).toEqual([
      'metadata.annotations["config.tulle.dev/capture"]: must be enabled or disabled, not "yes"; it is left out of account',
    ]);
  });
});
