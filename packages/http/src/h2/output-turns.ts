/**
 * The one immediate a loop turn in which all connections send what they gathered: one TLS record and one
 * system call for many frames (benchmarks/micro/h2-frames.ts).
 */

/** Connections that hold a block of output; above it the one that has waited longest sends early. */
const MAX_WAITING = 64;

export interface TurnOutput {
  /** Sends what is gathered. Calls no handler. */
  flushTurn(): void;
}

export interface TurnTask {
  onTurnEnd(): void;
}

let outputs: TurnOutput[] = [];
let otherOutputs: TurnOutput[] = [];
let tasks: TurnTask[] = [];
let otherTasks: TurnTask[] = [];
let isScheduled = false;

/** Calls flushTurn() once, when the turn ends or before. The caller sees to it that it is listed once. */
export function flushAtTurnEnd(output: TurnOutput): void {
  if (outputs.length >= MAX_WAITING) outputs.shift()!.flushTurn();
  outputs.push(output);
  schedule();
}

/** Calls the task once, before the turn's output leaves. The caller sees to it that it is listed once. */
export function atTurnEnd(task: TurnTask): void {
  tasks.push(task);
  schedule();
}

function schedule(): void {
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(endTurn);
}

function endTurn(): void {
  isScheduled = false;
  const running = tasks;
  tasks = otherTasks;
  for (const task of running) task.onTurnEnd();
  running.length = 0;
  otherTasks = running;
  const flushing = outputs;
  outputs = otherOutputs;
  for (const output of flushing) output.flushTurn();
  flushing.length = 0;
  otherOutputs = flushing;
}
