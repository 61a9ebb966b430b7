import { assertNever } from '@tulle/model';
import { type Clock, type Logger, messageOf } from '@tulle/runtime';
import { probeGrpc } from './grpc-probe.ts';
import { probeHttp } from './http-probe.ts';
import type { Probe, ProbeContext, ProbeOutcome } from './probe.ts';
import type { ProbeMetrics } from './probe-metrics.ts';
import { probeTcp } from './tcp-probe.ts';

export interface ProberOptions {
  readonly probes: readonly Probe[];
  /** Where the application listens. */
  readonly host: string;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: ProbeMetrics;
}

/**
 * Asks the application what kubelet would have asked it. Anybody on the pod's network may want to know: of each probe one
 * is under way at a time, and whoever asks meanwhile gets its outcome.
 */
export class Prober {
  readonly #options: ProberOptions;
  readonly #underWay = new Map<string, Promise<ProbeOutcome>>();
  readonly #last = new Map<string, ProbeOutcome['kind']>();

  constructor(options: ProberOptions) {
    this.#options = options;
  }

  get probes(): readonly Probe[] {
    return this.#options.probes;
  }

  probe(probe: Probe): Promise<ProbeOutcome> {
    const present = this.#underWay.get(probe.name);
    if (present !== undefined) return present;
    const made = this.#make(probe).finally(() => this.#underWay.delete(probe.name));
    this.#underWay.set(probe.name, made);
    return made;
  }

  async #make(probe: Probe): Promise<ProbeOutcome> {
    const outcome = await this.#within(probe);
    this.#options.metrics.probes.with(probe.name, outcome.kind).inc();
    this.#tell(probe, outcome);
    return outcome;
  }

  async #within(probe: Probe): Promise<ProbeOutcome> {
    const { host, clock } = this.#options;
    const abort = new AbortController();
    const deadlineMs = clock.nowMs() + probe.timeoutMs;
    let cancel = () => {};
    const late = new Promise<ProbeOutcome>((resolve) => {
      cancel = clock.schedule(probe.timeoutMs, () => {
        resolve({ kind: 'timeout', text: `no answer within ${probe.timeoutMs / 1_000} s` });
        abort.abort();
      });
    });
    try {
      return await Promise.race([ask(probe, { host, deadlineMs, signal: abort.signal }), late]);
    } catch (thrown) {
      return { kind: 'unanswered', text: messageOf(thrown) };
    } finally {
      cancel();
    }
  }

  /** Once a change: a pod that is not ready is asked every few seconds. */
  #tell({ name, target }: Probe, { kind, text }: ProbeOutcome): void {
    const before = this.#last.get(name);
    this.#last.set(name, kind);
    if (before === kind || (before === undefined && kind === 'success')) return;
    const fields = { probe: name, type: target.kind, port: target.port, reason: text };
    if (kind === 'success') this.#options.logger.info('probe succeeds', fields);
    else this.#options.logger.warn('probe fails', fields);
  }
}

function ask({ target }: Probe, context: ProbeContext): Promise<ProbeOutcome> {
  switch (target.kind) {
    case 'http':
      return probeHttp(target, context);
    case 'grpc':
      return probeGrpc(target, context);
    case 'tcp':
      return probeTcp(target, context);
    default:
      return assertNever(target);
  }
}
