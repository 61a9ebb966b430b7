/**
 * What the connections of this process hold in memory for want of somebody who takes it, all of them
 * together: each is bounded by itself, but there may be thousands. Whoever runs the process looks at it, sheds,
 * and says when memory is tight.
 *
 * Counted: output that waits for a peer, with the room that it has to grow; bodies that wait for a stream's
 * credit; heads that have not come whole. Not counted: what is passed on within the read that brought it.
 */
export const memoryAccount = {
  bufferedBytes: 0,
  /** By which streams may exceed the window that they begin with. */
  grownWindowBytes: 0,
  /** Above: windows grow no more. */
  maxGrownWindowBytes: 32 * 1024 * 1024,
  /** Windows do not grow, and streams are given little credit. */
  isTight: false,
};
