/** A failure that the reader can act on: printed as its message alone, without a stack. */
export class Fault extends Error {}
