import type { X509Certificate } from 'node:crypto';
import { resourceTypes } from '@tulle/kubernetes';
import { daysLeft, decodeBase64, describeTerm, parseCertificates } from '../certificates.ts';
import { type Check, type CheckContext, type Finding, fail, warn } from '../check.ts';
import { Fields } from '../fields.ts';

const warnDays = 30;
/** Those of the mesh's own, and of one that somebody gives (docs/kubernetes.md). */
const certificateKeys = ['root-with-key.pem', 'ca.crt'];

/** What certificates are signed with, and what they are verified by. */
export const authority: Check = {
  name: 'authority',
  run: async (context) => {
    const { cluster, namespace, nowMs } = context;
    const map = await cluster.get(resourceTypes.configMaps, { namespace, name: 'tulle-trust' });
    const roots = parseCertificates(new Fields(map).at('data', 'root.pem').text) ?? [];
    if (roots.length === 0) {
      const hint = 'the control plane writes it as it starts: is it ready, and what does its log say?';
      const message = `the ConfigMap ${namespace}/tulle-trust has no root certificate: no pod can be injected`;
      return { summary: '', findings: [fail(message, hint)] };
    }
    const findings = [
      ...roots.flatMap((root) => termOf(root, nowMs())),
      ...(await secretFindings(context, roots)),
    ];
    return { summary: roots.map(describeTerm).join(', '), findings };
  },
};

function termOf(root: X509Certificate, nowMs: number): readonly Finding[] {
  const days = Math.floor(daysLeft(root, nowMs));
  const hint =
    'bring in a new root beside it, and take it away when every pod has a certificate of the new one';
  if (days < 0) return [fail(`a root certificate has expired ${-days} days ago`, hint)];
  return days < warnDays ? [warn(`a root certificate expires in ${days} days`, hint)] : [];
}

async function secretFindings(
  { cluster, namespace }: CheckContext,
  roots: readonly X509Certificate[],
): Promise<readonly Finding[]> {
  const secret = await cluster.get(resourceTypes.secrets, { namespace, name: 'tulle-authority' });
  if (secret === null) {
    const hint =
      'restore it from a backup: replicas that run go on, one that starts refuses to (docs/kubernetes.md, When the Secret is lost or spoilt)';
    return [fail(`the Secret ${namespace}/tulle-authority is gone`, hint)];
  }
  const data = new Fields(secret).at('data');
  const signing = certificateKeys.flatMap((key) => parseCertificates(decodeBase64(data.at(key).text)) ?? []);
  const trusted = new Set(roots.map(({ fingerprint256 }) => fingerprint256));
  if (signing.length > 0 && signing.some(({ fingerprint256 }) => trusted.has(fingerprint256))) return [];
  const hint =
    'new pods would trust another mesh than the one that runs: restore the one that was changed; the control plane that runs writes tulle-trust anew within two minutes';
  return [fail(`the roots in ${namespace}/tulle-trust are not those of the Secret tulle-authority`, hint)];
}
