import type { X509Certificate } from 'node:crypto';
import { type ResourceType, resourceTypes } from '@tulle/kubernetes';
import { daysLeft, decodeBase64, describeTerm, isNotYetValid, parseCertificates } from '../certificates.ts';
import { type Check, type CheckContext, type Finding, fail, warn } from '../check.ts';
import { Fields } from '../fields.ts';

const name = 'tulle-injector';
const configurations: readonly ResourceType[] = [
  resourceTypes.mutatingWebhookConfigurations,
  resourceTypes.validatingWebhookConfigurations,
];

/** Whether the API server knows whom to ask, and will trust the answer. */
export const webhooks: Check = {
  name: 'webhooks',
  run: async (context) => {
    const served = await servedCertificates(context);
    const findings: Finding[] = typeof served === 'string' ? [warn(served, waitHint(context))] : [];
    for (const type of configurations) {
      const chain = typeof served === 'string' ? [] : served;
      findings.push(...(await configurationFindings(type, chain, context)));
    }
    const summary =
      typeof served === 'string' ? '' : `certificate ${served.slice(0, 1).map(describeTerm).join('')}`;
    return { summary, findings };
  },
};

async function servedCertificates({
  cluster,
  view,
  namespace,
}: CheckContext): Promise<readonly X509Certificate[] | string> {
  const given = new Fields((await view.record())?.values).at('injector', 'certificateSecret').text;
  const secretName = given === '' ? 'tulle-injector-certificate' : given;
  const secret = await cluster.get(resourceTypes.secrets, { namespace, name: secretName });
  if (secret === null) return `there is no Secret ${namespace}/${secretName} yet`;
  const certificates = parseCertificates(decodeBase64(new Fields(secret).at('data', 'tls.crt').text));
  return certificates ?? `tls.crt of the Secret ${namespace}/${secretName} is no certificate`;
}

async function configurationFindings(
  type: ResourceType,
  served: readonly X509Certificate[],
  context: CheckContext,
): Promise<readonly Finding[]> {
  const what = `${type.kind} ${name}`;
  const object = await context.cluster.get(type, { namespace: '', name });
  if (object === null) {
    const hint =
      'nothing is injected or validated without it: tulle install | kubectl apply --server-side -f -';
    return [fail(`there is no ${what}`, hint)];
  }
  // All of a configuration's webhooks fail for the same reason: it is told once.
  const reasons = new Map<string, Finding>();
  for (const webhook of new Fields(object).at('webhooks').items) {
    const finding = webhookFinding(what, webhook, { served, context });
    if (finding !== null) reasons.set(finding.message, finding);
  }
  return [...reasons.values()];
}

interface WebhookContext {
  readonly served: readonly X509Certificate[];
  readonly context: CheckContext;
}

function webhookFinding(what: string, webhook: Fields, { served, context }: WebhookContext): Finding | null {
  const { namespace, nowMs } = context;
  const service = webhook.at('clientConfig', 'service');
  if (!service.isAbsent && service.at('namespace').text !== namespace) {
    const place = service.at('namespace').text;
    return fail(
      `${what} asks a service in namespace ${place}, not in ${namespace}`,
      'which of the two meshes is to stay?',
    );
  }
  const bundle = webhook.at('clientConfig', 'caBundle').text;
  if (bundle === '')
    return fail(`${what} has no caBundle: the API server cannot trust the injector`, waitHint(context));
  const authorities = parseCertificates(decodeBase64(bundle)) ?? [];
  const now = nowMs();
  const valid = authorities.filter((one) => daysLeft(one, now) > 0 && !isNotYetValid(one, now));
  if (valid.length === 0)
    return fail(`the caBundle of ${what} holds no valid certificate`, waitHint(context));
  const [leaf] = served;
  if (leaf === undefined) return null;
  const host = `tulle-injector.${namespace}.svc`;
  if (leaf.checkHost(host) === undefined)
    return fail(`the injector's certificate is not for ${host}`, waitHint(context));
  if (daysLeft(leaf, now) <= 0) return fail("the injector's certificate has expired", waitHint(context));
  if (isTrusted(served, valid)) return null;
  return fail(
    `the caBundle of ${what} does not verify the certificate that the injector has`,
    waitHint(context),
  );
}

/** Whether the chain, each certificate issued by the next, comes to one of the authorities. */
function isTrusted(chain: readonly X509Certificate[], authorities: readonly X509Certificate[]): boolean {
  for (const [index, certificate] of chain.entries()) {
    if (authorities.some((authority) => certificate.verify(authority.publicKey))) return true;
    const issuer = chain[index + 1];
    if (issuer === undefined || !certificate.verify(issuer.publicKey)) return false;
  }
  return false;
}

function waitHint({ namespace }: CheckContext): string {
  return `the injector sets it within seconds: kubectl -n ${namespace} logs -l app.kubernetes.io/name=${name}`;
}
