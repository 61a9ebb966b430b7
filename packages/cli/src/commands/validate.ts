import { formatFault, type ManifestFault } from '@tulle/api';
import { TulleError } from '@tulle/runtime';
import type { Command } from 'commander';
import type { Finish } from '../exit-code.ts';
import { findYamlFiles } from '../files/yaml-files.ts';
import type { Io } from '../io.ts';
import { type Validation, validateFiles } from '../validate/validate-files.ts';

const examples = `
Ends with 1 when anything is wrong, so that it fits a commit hook or a pipeline.

Example:
  tulle validate examples/bookshop/mesh
`;

export function addValidateCommand(program: Command, io: Io, finish: Finish): void {
  program
    .command('validate')
    .description('check a directory of YAML as the control plane would, and list all that is wrong')
    .argument('<dir>', 'the directory')
    .addHelpText('after', examples)
    .action(async (directory: string) => {
      const files = await findYamlFiles(directory);
      if (files.length === 0) {
        throw new TulleError('NOTHING_TO_VALIDATE', `${directory} holds no YAML file`, { source: 'config' });
      }
      const validation = await validateFiles(files);
      io.out(describe(validation, files.length, io));
      finish(validation.faults.length === 0 ? 0 : 1);
    });
}

function describe({ faults, warnings, objects, foreign }: Validation, files: number, io: Io): string {
  const { green, red, yellow } = io.colors;
  const line = (label: string, fault: ManifestFault) => `${label} ${formatFault(fault)}\n`;
  const verdict = faults.length === 0 ? green('valid') : red(count(faults.length, 'violation'));
  const also = [
    ...(warnings.length === 0 ? [] : [count(warnings.length, 'warning')]),
    ...(foreign === 0 ? [] : [`${count(foreign, 'object')} of other kinds left alone`]),
  ];
  return [
    ...warnings.map((warning) => line(yellow('warning'), warning)),
    ...faults.map((fault) => line(red('error'), fault)),
    `${[`${count(files, 'file')}, ${count(objects, 'object')}: ${verdict}`, ...also].join(', ')}\n`,
  ].join('');
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
