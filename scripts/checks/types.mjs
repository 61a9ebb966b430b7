import { runTool } from './run-tool.mjs';

export const types = {
  name: 'types',
  about: 'tsc -b: every package and all tests compile',
  run: () => runTool('tsc', ['-b', '--pretty', 'false']),
};
