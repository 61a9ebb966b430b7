/** Bounds of one head. What is above is refused: 431, or 414 for the target. */
export interface H1Limits {
  readonly maxHeadBytes: number;
  readonly maxHeaderCount: number;
  readonly maxTargetBytes: number;
}

/** The head must fit the scratch beside what the proxy adds; hence 60 KiB and not 64. */
export const defaultH1Limits: H1Limits = {
  maxHeadBytes: 60 * 1024,
  maxHeaderCount: 100,
  maxTargetBytes: 8 * 1024,
};
