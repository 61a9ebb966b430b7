import { connect } from 'node:net';
import { formatAddress, type ProbeContext, type ProbeOutcome, type TcpTarget } from './probe.ts';

/** A connection that is made is all that is asked for, as kubelet's TCP probe. */
export function probeTcp({ port }: TcpTarget, { host, signal }: ProbeContext): Promise<ProbeOutcome> {
  const text = `${formatAddress(host, port)} takes connections`;
  return new Promise((resolve) => {
    const socket = connect({ host, port, signal });
    socket.once('connect', () => {
      socket.destroy();
      resolve({ kind: 'success', text });
    });
    socket.on('error', ({ message }) => resolve({ kind: 'unanswered', text: message }));
  });
}
