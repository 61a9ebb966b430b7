import { refusalOfJump } from '../../install/upgrade-rules.ts';
import { type Check, warn } from '../check.ts';

export const installation: Check = {
  name: 'installation',
  run: async ({ view, namespace, version }) => {
    const record = await view.record();
    if (record === null) {
      const hint = `\`tulle upgrade\` reads it: is the mesh in another namespace (--namespace)?`;
      return { summary: '', findings: [warn(`there is no ConfigMap ${namespace}/tulle-install`, hint)] };
    }
    const summary = `${record.version}, by ${record.installer}`;
    if (record.version === version) return { summary, findings: [] };
    const isOlder = refusalOfJump(version, record.version) === null;
    const how = record.installer === 'tulle' ? '`tulle upgrade`' : `an upgrade by ${record.installer}`;
    const hint = isOlder
      ? `use the tulle of ${record.version}: this one is older`
      : `${how} brings the mesh to this version; else use the tulle of ${record.version}`;
    return {
      summary,
      findings: [warn(`${record.version} is installed, and this is tulle ${version}`, hint)],
    };
  },
};
