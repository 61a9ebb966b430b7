import type { IncomingMessage } from 'node:http';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Clock, messageOf } from '@tulle/runtime';
import { clientReasons, KubernetesError } from '../kubernetes-error.ts';
import { LineSplitter } from './line-splitter.ts';
import { brokenOff } from './response-body.ts';

/** How long lines are parsed in one go before others have their turn: the start of a watch may bring thousands. */
const turnMs = 8;

export interface WatchStreamOptions {
  readonly what: string;
  readonly clock: Clock;
  /** Ends the exchange, with an error that then comes out of the stream. */
  readonly abort: (reason: unknown) => void;
  /** A stream that is silent for so long is taken for dead. */
  readonly idleTimeoutMs: () => number;
}

/** The JSON values of a response, a line each, as they come; ends where the server ends it in order. */
export async function* readLines(
  response: IncomingMessage,
  { what, clock, abort, idleTimeoutMs }: WatchStreamOptions,
): AsyncGenerator<unknown, void, undefined> {
  const idle = idleTimer(clock, idleTimeoutMs, () => abort(idleError(what, idleTimeoutMs())));
  const splitter = new LineSplitter();
  let turnEndMs = clock.monotonicMs() + turnMs;
  try {
    for await (const chunk of chunksOf(response, what)) {
      idle.touch();
      for (const line of splitter.push(chunk)) {
        yield parseLine(line, what);
        if (clock.monotonicMs() < turnEndMs) continue;
        await nextTurn();
        turnEndMs = clock.monotonicMs() + turnMs;
      }
    }
  } catch (thrown) {
    throw thrown instanceof RangeError ? badLine(what, thrown) : thrown;
  } finally {
    idle.stop();
    response.destroy();
  }
  if (splitter.isInLine) throw brokenOff(what, new Error('it ended in the middle of a line'));
}

async function* chunksOf(response: IncomingMessage, what: string): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) yield chunk;
  } catch (cause) {
    throw cause instanceof KubernetesError ? cause : brokenOff(what, cause);
  }
}

function parseLine(line: string, what: string): unknown {
  try {
    return JSON.parse(line);
  } catch (cause) {
    throw badLine(what, cause);
  }
}

function badLine(what: string, cause: unknown): KubernetesError {
  return new KubernetesError(`${what}: the stream holds what is no event: ${messageOf(cause)}`, {
    status: 0,
    reason: clientReasons.badResponse,
    isRetryable: true,
    cause,
  });
}

function idleError(what: string, idleTimeoutMs: number): KubernetesError {
  return new KubernetesError(`${what}: nothing came for ${idleTimeoutMs / 1_000} s`, {
    status: 0,
    reason: clientReasons.idle,
    isRetryable: true,
  });
}

/** One timer that looks when the last touch was, instead of one anew for each chunk. */
function idleTimer(clock: Clock, idleMs: () => number, expire: () => void): { touch(): void; stop(): void } {
  let touchedMs = clock.monotonicMs();
  let cancel = clock.schedule(idleMs(), look);
  function look(): void {
    const leftMs = touchedMs + idleMs() - clock.monotonicMs();
    if (leftMs <= 0) expire();
    else cancel = clock.schedule(leftMs, look);
  }
  return {
    touch: () => {
      touchedMs = clock.monotonicMs();
    },
    stop: () => cancel(),
  };
}
