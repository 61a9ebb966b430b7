import { applicationPaths } from './application.ts';
import type { Door, Setup } from './cases.ts';
import { authorityOf, type MutualTls, type Subject } from './subjects/subject.ts';

/** How a client of a case gets in, and what it asks there. */
export interface DoorTarget {
  readonly address: string;
  readonly port: number;
  readonly tls: MutualTls | null;
  readonly speaks: 'h1' | 'h2';
  readonly authority: string;
  readonly path: string;
}

export function doorOf({ protocol, door }: Setup & { readonly door: Door }, subject: Subject): DoorTarget {
  const asked = { authority: authorityOf(subject), path: applicationPaths[protocol] };
  if (door === 'application') {
    const { address, port } = subject;
    return { ...asked, address, port, tls: null, speaks: protocol === 'h1' ? 'h1' : 'h2' };
  }
  if (subject.peerDoor === undefined) throw new Error(`${subject.name} has no door for peers`);
  return { ...asked, ...subject.peerDoor };
}
