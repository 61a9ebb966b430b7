/**
 * What a connection writes while something is read gathers in the scratch, and leaves by one write when the
 * outermost read callback returns: head and body of a message, or the answers to pipelined requests
 * (benchmark `one-hop-h1`). The scratch has one owner at a time: it leaves earlier when another connection
 * needs it, or when it is full; and from outside of a read callback within the turn of the loop.
 *
 * Whoever implements TransportHandler in this package calls enterRead() and leaveRead() around its methods.
 */
import { scratch, type Transport } from './transport.ts';

export interface OutboxOwner {
  readonly transport: Transport;
  /** The transport did not take all that had gathered: its onDrain follows. */
  onFull(): void;
}

let owner: OutboxOwner | null = null;
let length = 0;
let depth = 0;
let isScheduled = false;

export function enterRead(): void {
  depth++;
}

export function leaveRead(): void {
  if (--depth === 0) flushOutbox();
}

/**
 * As leaveRead(), where more of the same may be read within this turn of the loop, as the records of a TLS
 * connection are, one callback each: what has gathered waits for it (benchmark `two-hop-mtls-64k`).
 */
export function leaveReadOfMany(): void {
  if (--depth === 0 && owner !== null) flushThisTurn();
}

/**
 * The offset in `scratch.buffer` at which `writer` may write up to `bytes` (no more than the scratch holds);
 * follow with gathered(). Read `scratch.buffer` after this call.
 */
export function gatherAt(writer: OutboxOwner, bytes: number): number {
  if (owner !== writer || length + bytes > scratch.buffer.length) flushOutbox();
  return owner === writer ? length : 0;
}

/** The scratch now holds output of `writer` up to `end`. */
export function gathered(writer: OutboxOwner, end: number): void {
  owner = writer;
  length = end;
  if (depth === 0) flushThisTurn();
}

/** What has gathered for `writer`, bytes. */
export function gatheredBytes(writer: OutboxOwner): number {
  return owner === writer ? length : 0;
}

export function flushOutbox(): void {
  if (owner === null) return;
  const from = owner;
  owner = null;
  if (!from.transport.write(scratch.buffer, 0, length)) from.onFull();
}

function flushThisTurn(): void {
  if (isScheduled) return;
  isScheduled = true;
  setImmediate(flushLater);
}

function flushLater(): void {
  isScheduled = false;
  flushOutbox();
}
