import { messageOf } from '@tulle/runtime';
import { type Check, fail, warn } from '../check.ts';
import { Fields } from '../fields.ts';

/** Native sidecars are on by default from here on; what is older has none or behind a gate. */
const nativeSidecars = 29;
/** Match conditions of webhooks are on by default from here on. */
const oldest = 28;

export const apiServer: Check = {
  name: 'api-server',
  run: async ({ cluster }) => {
    try {
      await cluster.request({ method: 'GET', path: '/version', deadlineMs: 10_000 });
      return { summary: `answers at ${cluster.server}`, findings: [] };
    } catch (thrown) {
      const hint = 'does `kubectl version` reach it with the same kubeconfig and context?';
      return {
        summary: '',
        findings: [fail(`no answer from ${cluster.server}: ${messageOf(thrown)}`, hint)],
      };
    }
  },
};

export const kubernetesVersion: Check = {
  name: 'kubernetes-version',
  run: async ({ cluster }) => {
    const version = new Fields(await cluster.request({ method: 'GET', path: '/version' }));
    const name = version.at('gitVersion').text;
    const minor = Number.parseInt(version.at('minor').text, 10);
    if (minor < oldest) {
      const hint = `the webhooks need 1.${oldest}, and should have 1.${nativeSidecars}: upgrade the cluster`;
      return { summary: name, findings: [fail(`Kubernetes ${name} is too old`, hint)] };
    }
    if (minor >= nativeSidecars) return { summary: name, findings: [] };
    const hint =
      'sidecars are ordinary containers there: Jobs do not end by themselves. 1.29 has native ones';
    return { summary: name, findings: [warn(`Kubernetes ${name} has no native sidecars`, hint)] };
  },
};
