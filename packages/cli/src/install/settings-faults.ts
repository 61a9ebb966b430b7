import { parseInjectorSettings } from '@tulle/injector-webhook';
import type { Violation } from '@tulle/model';

/** As much of an object as is looked at. */
interface SettingsObject {
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly [field: string]: unknown;
}

/**
 * What the injector would refuse of the settings that are among objects: values have patterns, and the injector knows more
 * (an amount that Node does not come up with). With those it would not get ready, or go on with what it had.
 */
export function settingsFaults(objects: readonly SettingsObject[], version: string): readonly Violation[] {
  const settings = objects.find(
    ({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'tulle-injector',
  );
  const data = (settings?.data ?? {}) as Readonly<Record<string, unknown>>;
  const text = data['config.yaml'];
  if (typeof text !== 'string') return [];
  const parsed = parseInjectorSettings(text, version);
  return parsed.ok ? [] : parsed.violations;
}
