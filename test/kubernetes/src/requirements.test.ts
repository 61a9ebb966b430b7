import { describe, expect, it } from 'vitest';
import type { AssetsSearch } from './cluster/find-assets.ts';
import type { GivenFacts } from './cluster/given-facts.ts';
import { type ClusterNeed, whyNoCluster } from './requirements.ts';

const missing: AssetsSearch = { kind: 'missing', reason: 'no Kubernetes is here' };
const programs: AssetsSearch = { kind: 'found', assets: { directory: 'bin', scripts: null } };
const none: GivenFacts = { kind: 'none' };
const kubeconfig = 'config';

describe('whyNoCluster', () => {
  it.each<[ClusterNeed, GivenFacts, AssetsSearch, RegExp | null]>([
    ['api-server', none, missing, /no Kubernetes is here/],
    ['api-server', none, programs, null],
    ['api-server', { kind: 'local', kubeconfig }, missing, null],
    ['api-server', { kind: 'nodes', kubeconfig }, missing, /no Kubernetes is here/],
    ['own-api-server', { kind: 'local', kubeconfig }, missing, /no Kubernetes is here/],
    ['pods', { kind: 'nodes', kubeconfig }, missing, null],
    ['pods', { kind: 'local', kubeconfig }, missing, /no Kubernetes is here/],
    ['pods', none, programs, /no node can be started with KUBEBUILDER_ASSETS alone: give a cluster/],
    [
      'api-server',
      { kind: 'unusable', reason: 'refused' },
      programs,
      /cannot be used: refused; give a cluster/,
    ],
  ])('of %s, with %o and %o: %s', (need, given, search, reason) => {
    const why = whyNoCluster(need, given, search);
    if (reason === null) expect(why).toBeNull();
    else expect(why).toMatch(reason);
  });
});
