import { stringify } from 'yaml';
import type { ValueGroup, ValueSpec, ValueTree } from '../values/value-spec.ts';

/** `values.yaml`: every value with its default, what it does, and what it may be. */
export function writeValuesFile(tree: ValueTree): string {
  return `${writeTree(tree, 0).join('\n').trimStart()}\n`;
}

function writeTree(tree: ValueTree, indent: number): readonly string[] {
  return Object.entries(tree).flatMap(([key, spec]) => {
    const comment = wrap(`${spec.about}${choicesOf(spec)}`, 100 - indent).map((line) => `# ${line}`);
    const lines =
      spec.kind === 'group'
        ? [`${key}:`, ...writeTree(spec.values, 2)]
        : stringify({ [key]: spec.default }, { lineWidth: 0, compat: 'yaml-1.1' })
            .trimEnd()
            .split('\n');
    const gap = indent === 0 ? [''] : [];
    return [...gap, ...[...comment, ...lines].map((line) => `${' '.repeat(indent)}${line}`)];
  });
}

function choicesOf(spec: ValueSpec | ValueGroup): string {
  if (spec.kind === 'choice') return ` One of ${spec.choices.join(', ')}.`;
  if (spec.kind === 'integer' || spec.kind === 'number') return ` From ${spec.min} to ${spec.max}.`;
  return '';
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
