import { type Parsed, type ResourceKind, resourceKinds } from '@tulle/model';
import { recordOf } from '@tulle/runtime';
import type { HeldConfiguration } from './held-configuration.ts';
import type { KindSubscription } from './kind-subscription.ts';

export type Subscriptions = { readonly [K in ResourceKind]: KindSubscription<K> };

/** What all kinds hold. */
export function heldOf(kinds: Subscriptions): HeldConfiguration {
  return recordOf<HeldConfiguration>(kinds, (kind) => kinds[kind].held());
}

/** Takes all that an earlier life held, or nothing of it. Gives what lets go of it again. */
export function restoreHeld(
  kinds: Subscriptions,
  held: HeldConfiguration,
  onUntold: () => void,
): Parsed<() => void> {
  // Every kind is read before the first one is taken.
  const read = resourceKinds.map((kind) => kinds[kind].readHeld(held[kind]));
  const violations = read.flatMap((each) => each.violations);
  if (violations.length > 0) return { ok: false, violations };
  const releases = read.map(({ take }) => take(onUntold));
  return {
    ok: true,
    value: () => {
      for (const release of releases) release();
    },
  };
}
