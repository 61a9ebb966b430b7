import { committedDeployFiles, freshDeployFiles } from '../deploy-files.mjs';

export const deployDrift = {
  name: 'deploy-drift',
  about: 'the CRDs and the Helm chart in deploy/ are what their definitions generate',
  run: async () => {
    const [fresh, committed] = [await freshDeployFiles(), await committedDeployFiles()];
    const paths = [...new Set([...fresh.keys(), ...committed.keys()])].sort();
    const stale = paths.filter((path) => fresh.get(path) !== committed.get(path));
    const lines = stale.map((path) => `${path} is not what is generated`);
    if (lines.length > 0) lines.push('`npm run generate` renews it');
    return { ok: stale.length === 0, output: lines.join('\n') };
  },
};
