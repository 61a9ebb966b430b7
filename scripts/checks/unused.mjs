import { runTool } from './run-tool.mjs';

export const unused = {
  name: 'unused',
  about: 'knip: no unused file, export or dependency, and none that is undeclared (knip.json)',
  run: () => runTool('knip', ['--no-progress', '--no-config-hints']),
};
