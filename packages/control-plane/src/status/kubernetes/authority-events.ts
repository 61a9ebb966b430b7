import type { EventRecorder, LeaderElector } from '@tulle/kubernetes';
import type { Clock, Component } from '@tulle/runtime';
import type { CertificateAuthority } from '../../identity/certificate-authority.ts';
import { authoritySecretName } from '../../identity/kubernetes/authority-secret.ts';

export interface AuthorityEventsOptions {
  readonly authority: Pick<CertificateAuthority, 'endingCertificates' | 'storeFault'>;
  readonly elector: Pick<LeaderElector, 'isLeader'>;
  readonly events: Pick<EventRecorder, 'record'>;
  readonly meshNamespace: string;
  readonly clock: Clock;
}

const lookMs = 60_000;
/** The same once a day, as long as nobody sees to it. */
const repeatMs = 24 * 60 * 60_000;

/** Tells operators, by Events at the Secret, what they have to see to about the authority. From the leader alone. */
export class AuthorityEvents implements Component {
  readonly name = 'authority events';
  readonly #options: AuthorityEventsOptions;
  readonly #toldMs = new Map<string, number>();
  #cancelLook = () => {};

  constructor(options: AuthorityEventsOptions) {
    this.#options = options;
  }

  async start(): Promise<void> {
    this.#lookLater();
  }

  async stop(): Promise<void> {
    this.#cancelLook();
  }

  #lookLater(): void {
    this.#cancelLook = this.#options.clock.schedule(lookMs, () => {
      if (this.#options.elector.isLeader) this.#look();
      this.#lookLater();
    });
  }

  #look(): void {
    const { authority } = this.#options;
    for (const { role, days } of authority.endingCertificates()) {
      const note =
        days < 0
          ? `a ${role} certificate has ended: nothing can be issued or verified by it; take it out, or give a new one`
          : `the ${role} certificate ends in ${days} days: renew it, or no certificate can be issued or verified`;
      this.#tell(role === 'root' ? 'RootExpiresSoon' : 'IntermediateExpiresSoon', note);
    }
    if (authority.storeFault !== null) {
      this.#tell('AuthorityUnreadable', `the authority loaded before stays in use: ${authority.storeFault}`);
    }
  }

  #tell(reason: string, note: string): void {
    const { clock, events, meshNamespace } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs - (this.#toldMs.get(reason) ?? Number.NEGATIVE_INFINITY) < repeatMs) return;
    this.#toldMs.set(reason, nowMs);
    const metadata = { namespace: meshNamespace, name: authoritySecretName };
    const regarding = { apiVersion: 'v1', kind: 'Secret', metadata };
    events.record({ regarding, type: 'Warning', reason, action: 'Issue', note: note.slice(0, 1_000) });
  }
}
