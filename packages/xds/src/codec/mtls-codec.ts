import { create } from '@bufbuild/protobuf';
import type { MtlsMode, MtlsRule } from '@tulle/model';
import {
  MtlsRuleSchema,
  MtlsMode as WireMode,
  type MtlsRule as WireRule,
} from '../gen/tulle/mesh/v1/workload_pb.ts';
import type { Checker } from './checker.ts';

const modes: Readonly<Record<MtlsMode, WireMode>> = {
  strict: WireMode.STRICT,
  permissive: WireMode.PERMISSIVE,
  disable: WireMode.DISABLE,
};

const modesByNumber: ReadonlyMap<number, MtlsMode> = new Map(
  (Object.keys(modes) as MtlsMode[]).map((mode) => [modes[mode], mode]),
);

/** A control plane that does not know of modes yet means what always held. */
const unsaid: MtlsRule = { mode: 'permissive', policy: 'default' };

export function mtlsRuleToWire({ mode, policy }: MtlsRule): WireRule {
  return create(MtlsRuleSchema, { mode: modes[mode], policy });
}

export function readMtlsRule(path: string, wire: WireRule | undefined, check: Checker): MtlsRule {
  if (wire === undefined) return unsaid;
  const mode = modesByNumber.get(wire.mode);
  // Never read as a weaker one: the last good rule stays.
  if (mode === undefined)
    check.fault(`${path}.mode`, `is ${wire.mode}, a mode which this version does not know`);
  return {
    mode: mode ?? 'strict',
    policy: check.nonEmptyText(`${path}.policy`, wire.policy),
  };
}
