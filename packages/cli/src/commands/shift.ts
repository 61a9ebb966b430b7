import { relative } from 'node:path';
import { formatName, formatViolations } from '@tulle/model';
import { TulleError } from '@tulle/runtime';
import type { Command } from 'commander';
import type { Finish } from '../exit-code.ts';
import { writeAtomically } from '../files/write-atomically.ts';
import { findYamlFiles, readYamlFile } from '../files/yaml-files.ts';
import type { Io } from '../io.ts';
import { chooseRule, describeBackend, type RuleChoice } from '../shift/choose-rule.ts';
import { findRoute, type RouteNode } from '../shift/find-route.ts';
import { rewriteWeights } from '../shift/rewrite-weights.ts';
import { parseShiftRequest, type ShiftRequest } from '../shift/shift-request.ts';

const examples = `
Examples:
  Send half of the catalog's traffic to version 2:
    tulle shift bookshop/catalog catalog-v1=50 catalog-v2=50 --dir examples/bookshop/mesh
  In one rule of several:
    tulle shift bookshop/catalog catalog-v1=0 catalog-v2=1 --rule 2 --dir mesh
`;

export function addShiftCommand(program: Command, io: Io, finish: Finish): void {
  program
    .command('shift')
    .description("rewrite the weights of a route's backends in its YAML file, in place")
    .argument('<namespace/route>', 'the HTTPRoute')
    .argument('<backend=weight...>', 'the new weight (0 to 1000000) of each backend that is to change')
    .requiredOption('--dir <dir>', 'the directory of YAML that the control plane reads')
    .option('--rule <rule>', "the rule's index (from 0) or name, where several have these backends")
    .addHelpText('after', examples)
    .action(async (route: string, weights: string[], options: { dir: string; rule?: string }) => {
      const request = parseShiftRequest(route, weights, options.rule ?? null);
      if (!request.ok) {
        io.err(`${io.colors.red('error:')} ${formatViolations(request.violations)}\n`);
        return finish(2);
      }
      await shift(request.value, options.dir, io);
    });
}

interface Place {
  readonly file: string;
  readonly text: string;
  readonly route: RouteNode;
}

async function shift(request: ShiftRequest, directory: string, io: Io): Promise<void> {
  const place = await findPlace(request, directory);
  const choice = chooseRule(place.route, request);
  const name = formatName(request.route);
  if (!choice.ok) throw refusal(`${name} in ${place.file} is left as it was: ${choice.reason}`);
  const rewritten = rewriteWeights(place.text, place.route.documentIndex, choice.weights);
  if (rewritten === null) {
    throw refusal(
      `${name} in ${place.file} is left as it was: its weights cannot be changed without changing more (YAML anchors?). Edit it by hand.`,
    );
  }
  // Asked again, just before: an editor may have saved in between.
  if ((await readYamlFile(place.file)) !== place.text) {
    throw refusal(`${place.file} was changed by someone else just now: run the command again`);
  }
  if (rewritten !== place.text) await writeAtomically(place.file, rewritten);
  io.out(describe(choice, `${name} rule ${choice.rule.name ?? choice.rule.index}`, place, io));
  if (choice.rule.backends.every((backend) => (choice.weights.get(backend) ?? backend.weight) === 0)) {
    io.err(`${io.colors.yellow('warning:')} every backend has weight 0: requests will be answered 500\n`);
  }
}

async function findPlace(request: ShiftRequest, directory: string): Promise<Place> {
  const places: Place[] = [];
  const faults: string[] = [];
  for (const file of await findYamlFiles(directory)) {
    const text = await readYamlFile(file);
    const found = findRoute(text, request.route);
    places.push(...found.routes.map((route) => ({ file, text, route })));
    faults.push(...found.faults.map((fault) => `${file}: ${fault}`));
  }
  const name = formatName(request.route);
  if (places.length > 1) {
    const where = places.map(({ file, route }) => `${file}:${route.line}`).join(', ');
    throw refusal(`HTTPRoute ${name} is there ${places.length} times (${where}): keep one`);
  }
  if (places.length === 0) {
    const unread = faults.length === 0 ? '' : `\nNot all could be read:\n  ${faults.join('\n  ')}`;
    throw refusal(`no HTTPRoute ${name} in the YAML files of ${directory}${unread}`);
  }
  return places[0]!;
}

function describe(choice: RuleChoice & { ok: true }, title: string, place: Place, io: Io): string {
  const file = relative('.', place.file) || place.file;
  const names = choice.rule.backends.map(describeBackend);
  const nameWidth = Math.max(...names.map((name) => name.length));
  const lines = choice.rule.backends.map((backend, index) => {
    const after = choice.weights.get(backend) ?? backend.weight;
    const change = `${String(backend.weight).padStart(7)} -> ${after}`;
    return `  ${names[index]!.padEnd(nameWidth)} ${after === backend.weight ? change : io.colors.green(change)}`;
  });
  return `${io.colors.bold(title)}  ${io.colors.dim(`${file}:${choice.rule.line}`)}\n${lines.join('\n')}\n`;
}

function refusal(message: string): TulleError {
  return new TulleError('SHIFT_REFUSED', message, { source: 'config' });
}
