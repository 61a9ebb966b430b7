import type { InjectionContext } from '../injection-context.ts';
import { defaultInjectorSettings } from '../settings/injector-settings.ts';

/** A namespace with the label, on a cluster of today, with the defaults of an install. */
export function testContext(changes: Partial<InjectionContext> = {}): InjectionContext {
  return {
    settings: defaultInjectorSettings('0.1.0'),
    namespace: { name: 'shop', labels: { 'tulle.dev/inject': 'enabled' }, annotations: {} },
    mesh: null,
    rootsPem: 'ROOTS',
    hasNativeSidecars: true,
    ...changes,
  };
}
