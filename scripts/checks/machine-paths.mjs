import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { rootDir } from '../bootstrap/project.mjs';
import { projectFiles } from './project-files.mjs';

const machinePath = /(?<![\w.~/:-])\/(work|root|home\/[a-z][\w-]*|Users\/\w+)\/[\w.-]/;

export const machinePaths = {
  name: 'machine-paths',
  about: "no path of somebody's machine",
  run: async () => {
    const faults = [];
    for (const name of await projectFiles()) {
      if (/\.(png|jpg|gif|ico|binpb|woff2)$/.test(name)) continue;
      const lines = (await readFile(join(rootDir, name), 'utf8')).split('\n');
      lines.forEach((line, index) => {
        if (machinePath.test(line)) faults.push(`${name}:${index + 1} ${line.trim().slice(0, 120)}`);
      });
    }
    return { ok: faults.length === 0, output: faults.join('\n') };
  },
};
