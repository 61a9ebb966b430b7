import { assertNever } from '@tulle/model';
import type { AdminAnswer, AdminPages } from '@tulle/runtime';
import { isHook, type Probe, type ProbeOutcome } from './probe.ts';
import type { Prober } from './prober.ts';

/**
 * The pages that kubelet is led to: `/probe/<container>/<kind>`. Of an answer kubelet tells operators the status alone;
 * the rest is for whoever asks by hand. Nothing that the application wrote is in it: a port that takes mutual TLS only
 * would else be read here in plain.
 */
export function probePages(prober: Prober): AdminPages {
  return Object.fromEntries(
    prober.probes.map((probe) => [
      `GET /probe/${probe.name}`,
      async () => answerOf(probe, await prober.probe(probe)),
    ]),
  );
}

function answerOf(probe: Probe, outcome: ProbeOutcome): AdminAnswer {
  const body = `${probe.target.kind} probe ${probe.name}: ${outcome.text}\n`;
  switch (outcome.kind) {
    case 'success':
      return { body };
    case 'failure':
      // What a hook is answered does not matter to kubelet, as long as it is answered.
      return { status: outcome.status, body };
    case 'unanswered':
      return { status: 502, body, isCut: isHook(probe.kind) };
    case 'timeout':
      return { status: 504, body, isCut: isHook(probe.kind) };
    default:
      return assertNever(outcome);
  }
}
