import type { MtlsRule } from '@tulle/model';

/** What holds on the ports of one pod. */
export interface PodMtls {
  /** For every port that is not in `byPort`. */
  readonly byDefault: MtlsRule;
  readonly byPort: ReadonlyMap<number, MtlsRule>;
}

const byDefault: MtlsRule = { mode: 'permissive', policy: 'default' };

export const defaultPodMtls: PodMtls = { byDefault, byPort: new Map() };
