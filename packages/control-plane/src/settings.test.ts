import { describe, expect, it } from 'vitest';
import { readSettings } from './settings.ts';

describe('readSettings', () => {
  it('needs two directories and has defaults for the rest', () => {
    expect(readSettings({ TULLE_CONFIG_DIR: '/mesh', TULLE_STATE_DIR: '/state' })).toEqual({
      platform: { kind: 'files', configDir: '/mesh', stateDir: '/state', tokensFile: null },
      trustDomain: 'cluster.local',
      meshNamespace: 'tulle-system',
      discoveryHost: '127.0.0.1',
      discoveryPort: 15_012,
      adminHost: '127.0.0.1',
      adminPort: 15_014,
      logLevel: 'info',
      leafTtlSeconds: 86_400,
      graceSeconds: 10,
    });
  });

  it('needs on Kubernetes the name of its pod alone, and is reached from other pods', () => {
    const settings = readSettings({ TULLE_SOURCE: 'kubernetes', TULLE_REPLICA: 'tulle-control-plane-1' });
    expect(settings.platform).toEqual({
      kind: 'kubernetes',
      kubeconfig: null,
      replica: 'tulle-control-plane-1',
    });
    expect([settings.discoveryHost, settings.adminHost]).toEqual(['::', '::']);
    expect(() => readSettings({ TULLE_SOURCE: 'kubernetes' })).toThrow(/TULLE_REPLICA: is not set/);
    expect(() => readSettings({ TULLE_SOURCE: 'etcd' })).toThrow(/TULLE_SOURCE: must be one of files, kube/);
  });

  it('tells every fault at once', () => {
    const env = {
      TULLE_TRUST_DOMAIN: 'Cluster Local',
      TULLE_DISCOVERY_PORT: 'x',
      TULLE_LEAF_TTL_SECONDS: '1',
    };
    expect(() => readSettings(env)).toThrow(
      /TULLE_CONFIG_DIR: .*TULLE_STATE_DIR: .*TULLE_TRUST_DOMAIN: .*TULLE_DISCOVERY_PORT: .*TULLE_LEAF_TTL_SECONDS: /,
    );
  });
});
