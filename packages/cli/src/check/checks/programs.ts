import { resourceTypes } from '@tulle/kubernetes';
import { type Check, type Finding, fail, warn } from '../check.ts';
import { Fields } from '../fields.ts';

/** Whether a program of the mesh runs as often as it should, in this version. */
function program(name: string, deployment: string, without: string): Check {
  return {
    name,
    run: async ({ cluster, view, namespace }) => {
      const object = await cluster.get(resourceTypes.deployments, { namespace, name: deployment });
      if (object === null) {
        const hint =
          'is it in another namespace (--namespace)? Else: tulle install | kubectl apply --server-side -f -';
        return { summary: '', findings: [fail(`there is no deployment ${namespace}/${deployment}`, hint)] };
      }
      const fields = new Fields(object);
      const wanted = fields.at('spec', 'replicas').number;
      const ready = fields.at('status', 'readyReplicas').number;
      const findings: Finding[] = [];
      const describe = `kubectl -n ${namespace} describe pods -l app.kubernetes.io/name=${deployment}`;
      if (wanted === 0)
        findings.push(
          fail(
            `${deployment} is scaled to 0: ${without}`,
            `kubectl -n ${namespace} scale deployment/${deployment} --replicas=2`,
          ),
        );
      else if (ready === 0)
        findings.push(fail(`none of ${wanted} pods of ${deployment} is ready: ${without}`, describe));
      else if (ready < wanted)
        findings.push(warn(`${ready} of ${wanted} pods of ${deployment} are ready`, describe));
      const image = imageOf(fields);
      const record = await view.record();
      if (record !== null && tagOf(image) !== record.version) {
        const hint =
          'somebody has changed the image by hand, or an upgrade has stopped half way: apply `tulle upgrade`';
        findings.push(warn(`${deployment} runs ${image}, and ${record.version} was installed`, hint));
      }
      return { summary: `${ready} of ${wanted} ready, ${image}`, findings };
    },
  };
}

export const controlPlane = program(
  'control-plane',
  'tulle-control-plane',
  'what runs goes on, but nothing changes and new sidecars do not get ready',
);
export const injector = program(
  'injector',
  'tulle-injector',
  'no pod can be made in a labelled namespace while the webhook fails closed',
);

function imageOf(deployment: Fields): string {
  return deployment.at('spec', 'template', 'spec', 'containers').items[0]?.at('image').text ?? '';
}

function tagOf(image: string): string {
  return /:([^/:@]+)(@.*)?$/.exec(image)?.[1] ?? '';
}
