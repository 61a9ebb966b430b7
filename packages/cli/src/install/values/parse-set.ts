import type { Parsed } from '@tulle/model';
import { parse } from 'yaml';
import type { Values } from './read-values.ts';

/** `controlPlane.replicas=3`: the value is read as YAML, so that `[5432]` is a list and `"1"` a text. */
export function parseSet(argument: string): Parsed<Values> {
  const equals = argument.indexOf('=');
  const path = argument.slice(0, Math.max(equals, 0));
  if (equals < 1 || !/^[A-Za-z]\w*(\.[A-Za-z]\w*)*$/.test(path)) {
    return fault(argument, 'must be path=value, such as controlPlane.replicas=3');
  }
  try {
    const value: unknown = parse(argument.slice(equals + 1));
    const nested = path.split('.').reduceRight((inner: unknown, key) => ({ [key]: inner }), value);
    return { ok: true, value: nested as Values };
  } catch {
    return fault(argument, 'has a value that cannot be read as YAML');
  }
}

function fault(argument: string, reason: string): Parsed<Values> {
  return { ok: false, violations: [{ path: `--set ${argument}`, reason }] };
}
