import { join } from 'node:path';
import type { MutualTls, Workspace } from './subject.ts';

/** How the first hop of a pair shows itself to the second. */
export function clientTls({ folder }: Workspace, alpnProtocol: string): MutualTls {
  return {
    certificateFile: join(folder, 'client.crt'),
    keyFile: join(folder, 'client.key'),
    rootFile: join(folder, 'ca.crt'),
    serverName: 'server.mesh',
    alpnProtocol,
  };
}
