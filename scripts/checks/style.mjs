import { runTool } from './run-tool.mjs';

export const style = {
  name: 'style',
  about: 'biome check: format and lint (`biome check --write` mends most of it)',
  run: () => runTool('biome', ['check', '--error-on-warnings', '--colors=off', '--max-diagnostics=50', '.']),
};
