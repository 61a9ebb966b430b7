import { setTimeout as sleep } from 'node:timers/promises';
import type { Load } from './load.ts';
import type { MeshDirectory } from './mesh-directory.ts';
import type { RunningProgram } from './processes.ts';
import { changePointMs, splitOf, type VersionSplit } from './version-shift.ts';

/** What was measured of the weights' change. Shares are of the answers that the pages met. */
export interface ShiftMeasure {
  readonly before: VersionSplit;
  readonly beforeCount: number;
  readonly after: VersionSplit;
  readonly afterCount: number;
  /** From the file's change until the answers fit the new weights; null where they never did. */
  readonly effectMs: number | null;
}

/** What was measured of the process that was killed; times count from the kill. */
export interface KillMeasure {
  readonly errors: number;
  readonly errorWindowMs: number;
  readonly removedAfterMs: number;
  /** How long errors went on after the endpoint was removed from the file; 0: they did not. */
  readonly errorsAfterRemovalMs: number;
  /** Whole pages after the last error: what "no error since" rests on. */
  readonly pagesSince: number;
  readonly fromMs: number;
  readonly toMs: number;
}

export interface StoryMeasures {
  readonly shift: ShiftMeasure;
  readonly kill: KillMeasure;
}

export interface StoryOptions {
  readonly load: Load;
  readonly mesh: MeshDirectory;
  /** The application that is killed. */
  readonly victim: { readonly pod: string; readonly application: RunningProgram };
  /** Settles with the moment at which the victim's endpoint was removed from the YAML. */
  readonly victimRemoved: Promise<number>;
  readonly say: (message: string) => void;
  readonly onPhaseEnd: (title: string) => Promise<void>;
  readonly signal: AbortSignal;
}

const warmUpMs = 1_000;
const steadyMs = 8_000;
const shiftedMs = 8_000;
const afterRemovalMs = 5_000;
/** How long a removal may take to reach every sidecar. */
export const settleMs = 1_000;

/** Tells the story: steady traffic, a shift of weights, a killed process. */
export async function tellStory(options: StoryOptions): Promise<StoryMeasures> {
  const shift = await shiftWeights(options);
  const kill = await killOne(options);
  return { shift, kill };
}

async function shiftWeights({ load, mesh, say, onPhaseEnd, signal }: StoryOptions): Promise<ShiftMeasure> {
  await sleep(warmUpMs, undefined, { signal });
  const startMs = performance.now();
  say('traffic: the route sends 90 % to catalog v1 and 10 % to v2');
  await sleep(steadyMs, undefined, { signal });
  await onPhaseEnd('at 90/10');

  // A request that ends before the rename has returned belongs to the old weights.
  const writeMs = performance.now();
  await mesh.setWeights('catalog', { 'catalog-v1': 50, 'catalog-v2': 50 });
  const changedMs = performance.now();
  say('shift: routes.yaml now says 50/50');
  await sleep(shiftedMs, undefined, { signal });

  const before = load.versionsBetween(startMs, writeMs);
  const answers = load.versionsBetween(changedMs);
  const changeMs = changePointMs(answers, 'v2', { before: 0.1, after: 0.5 });
  const after = changeMs === null ? answers : answers.filter(({ atMs }) => atMs >= changeMs);
  const effectMs = changeMs === null ? null : changeMs - changedMs;
  say(
    effectMs === null
      ? 'shift: the answers still fit the old weights'
      : `shift: in effect ${effectMs.toFixed(0)} ms after the file's change`,
  );
  await onPhaseEnd('at 50/50');
  return {
    before: splitOf(before),
    beforeCount: before.length,
    after: splitOf(after),
    afterCount: after.length,
    effectMs,
  };
}

async function killOne({ load, victim, victimRemoved, say, onPhaseEnd, signal }: StoryOptions) {
  const killedMs = performance.now();
  victim.application.kill('SIGKILL');
  say(`kill: SIGKILL to the application of ${victim.pod}, one of two behind catalog-v1`);
  const timeout = sleep(10_000, null, { signal, ref: false });
  const removedMs = await Promise.race([victimRemoved, timeout]);
  if (removedMs === null) throw new Error(`the endpoint of ${victim.pod} was not removed within 10 s`);
  await sleep(afterRemovalMs, undefined, { signal });

  const pages = load.pagesBetween(killedMs);
  const failed = pages.filter(({ fault }) => fault !== '');
  const lastErrorMs = failed.at(-1)?.endMs ?? killedMs;
  const measure: KillMeasure = {
    errors: failed.length,
    errorWindowMs: lastErrorMs - killedMs,
    removedAfterMs: removedMs - killedMs,
    errorsAfterRemovalMs: Math.max(0, lastErrorMs - removedMs),
    pagesSince: pages.filter(({ endMs }) => endMs > lastErrorMs).length,
    fromMs: killedMs,
    toMs: removedMs + settleMs,
  };
  say(describeKill(measure));
  await onPhaseEnd('through the kill');
  return measure;
}

function describeKill({ errors, errorWindowMs, removedAfterMs, pagesSince }: KillMeasure): string {
  return (
    `kill: ${errors} pages failed over ${errorWindowMs.toFixed(0)} ms; endpoint removed after ` +
    `${removedAfterMs.toFixed(0)} ms; no error since in ${pagesSince} pages`
  );
}
