import { runTool } from './run-tool.mjs';

export const wireLint = {
  name: 'wire-lint',
  about: 'buf lint and format: the wire contracts in proto/',
  run: async () => {
    const lint = await runTool('buf', ['lint']);
    const format = await runTool('buf', ['format', '--diff', '--exit-code', '--path', 'proto/tulle']);
    return {
      ok: lint.ok && format.ok,
      output: [lint.output, format.output].filter((text) => text !== '').join('\n'),
    };
  },
};
