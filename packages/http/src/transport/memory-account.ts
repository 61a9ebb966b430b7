/**
 * What the connections of this process hold in memory for want of somebody who takes it, all of them
 * together: each is bounded by itself, but there may be thousands. Whoever runs the process looks at it, sheds,
 * and says when memory is tight.
 *
 * Counted: output that waits for a peer, with the room that it has to grow; bodies that wait for a stream's
 * credit; heads that have not come whole; what was read and has not had its turn. Not counted: what is passed
 * on within the read that brought it, and field blocks in HTTP/2 that have not come whole (64 KB a connection).
 */
export const memoryAccount = {
  bufferedBytes: 0,
  /** By which streams may exceed the window that they begin with. */
  grownWindowBytes: 0,
  /** Above: windows grow no more. */
  maxGrownWindowBytes: 32 * 1024 * 1024,
  /**
   * How many say that memory is tight. Above 0: windows do not grow, streams are given little credit, and heads
   * that do not come whole little room.
   */
  tightCount: 0,
};
