import type { TransportBackend } from './transport.ts';

export function chooseBackend(preference: 'auto' | TransportBackend = 'auto'): TransportBackend {
  return preference === 'auto' ? 'socket' : preference;
}
