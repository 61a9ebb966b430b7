import { describe, expect, it } from 'vitest';
import { AppClusters } from './app-clusters.ts';

describe('AppClusters', () => {
  it('is one cluster for each port of the application', () => {
    const apps = new AppClusters(() => {});
    const cluster = apps.of('10.0.0.1', 80, 'shop/web:80');
    expect(apps.of('10.0.0.1', 80, 'shop/web:80')).toBe(cluster);
    expect(apps.of('10.0.0.1', 81, 'shop/web:81')).not.toBe(cluster);
    expect(cluster).toMatchObject({ name: 'shop/web:80', endpoints: [{ key: '10.0.0.1:80', mesh: null }] });
  });

  it('lets go of the oldest where somebody scans all ports', () => {
    const forgotten: string[] = [];
    const apps = new AppClusters(({ name }) => void forgotten.push(name));
    for (let port = 1; port <= 300; port++) apps.of('10.0.0.1', port, `port ${port}`);
    expect(forgotten).toHaveLength(44);
    expect(forgotten[0]).toBe('port 1');
  });
});
