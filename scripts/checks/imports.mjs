import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { rootDir } from '../bootstrap/project.mjs';
import { runTool } from './run-tool.mjs';

/** With an unsupported TypeScript, dependency-cruiser reads nothing and is content. */
const fewestModules = 60;

export const imports = {
  name: 'imports',
  about: 'dependency-cruiser: who may import whom (.dependency-cruiser.cjs)',
  run: async () => {
    const folders = ['packages', 'examples', 'benchmarks', 'images', 'test'].filter((name) =>
      existsSync(join(rootDir, name)),
    );
    const result = await runTool('depcruise', [
      '--config',
      '.dependency-cruiser.cjs',
      '-T',
      'err-long',
      ...folders,
    ]);
    const modules = Number(/(\d+) modules/.exec(result.output)?.[1] ?? 0);
    if (!result.ok || modules >= fewestModules) return result;
    return { ok: false, output: `only ${modules} modules were read\n${result.output}` };
  },
};
