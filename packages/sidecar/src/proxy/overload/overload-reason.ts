/** The bounds of the process, in the order in which they are looked at. */
export const overloadReasons = ['requests', 'memory', 'heap', 'buffers', 'loop'] as const;
export type OverloadReason = (typeof overloadReasons)[number];
