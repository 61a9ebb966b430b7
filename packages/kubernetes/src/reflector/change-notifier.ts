import { type Logger, messageOf } from '@tulle/runtime';

/** Gets the keys of what came, changed or went. */
export type ChangeListener = (keys: ReadonlySet<string>) => void;

interface Subscription {
  readonly listener: ChangeListener;
  /** It is told of all objects first, then of changes. */
  isGreeted: boolean;
}

export interface ChangeNotifierOptions {
  readonly keys: () => Iterable<string>;
  readonly logger: Logger;
}

/** Tells listeners of changes, once a turn of the loop, from the sync on. One that throws harms no other. */
export class ChangeNotifier {
  readonly #subscriptions = new Set<Subscription>();
  readonly #options: ChangeNotifierOptions;
  #changed = new Set<string>();
  #isOpen = false;
  #isDue = false;

  constructor(options: ChangeNotifierOptions) {
    this.#options = options;
  }

  subscribe(listener: ChangeListener): () => void {
    const subscription = { listener, isGreeted: false };
    this.#subscriptions.add(subscription);
    this.#schedule();
    return () => this.#subscriptions.delete(subscription);
  }

  changed(key: string): void {
    this.#changed.add(key);
    this.#schedule();
  }

  /** From now on listeners are told. */
  open(): void {
    this.#isOpen = true;
    this.#schedule();
  }

  close(): void {
    this.#isOpen = false;
    this.#subscriptions.clear();
  }

  #schedule(): void {
    if (this.#isDue || !this.#isOpen) return;
    this.#isDue = true;
    setImmediate(() => this.#deliver());
  }

  #deliver(): void {
    this.#isDue = false;
    if (!this.#isOpen) return;
    const changed = this.#changed;
    this.#changed = new Set();
    for (const subscription of [...this.#subscriptions]) {
      if (!this.#subscriptions.has(subscription)) continue;
      const keys = subscription.isGreeted ? changed : new Set([...this.#options.keys(), ...changed]);
      if (subscription.isGreeted && keys.size === 0) continue;
      subscription.isGreeted = true;
      this.#call(subscription.listener, keys);
    }
  }

  #call(listener: ChangeListener, keys: ReadonlySet<string>): void {
    try {
      listener(keys);
    } catch (thrown) {
      this.#options.logger.error('a listener of changes failed', { reason: messageOf(thrown) });
    }
  }
}
