import { loadRawBinding } from './raw-binding.ts';
import type { TransportBackend } from './transport.ts';

/** To be asked once, at boot: `handle` where this node has all that it needs, else `socket`. */
export function chooseBackend(preference: 'auto' | TransportBackend = 'auto'): TransportBackend {
  if (preference === 'socket') return 'socket';
  const isAvailable = loadRawBinding() !== null;
  if (preference === 'handle' && !isAvailable) {
    throw new Error('this node has no raw stream handles: choose the transport backend "auto" or "socket"');
  }
  return isAvailable ? 'handle' : 'socket';
}
