import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { temporaryDirectory } from '@tulle/testkit';

/** How a TLS record of application data begins (RFC 8446, section 5.1). */
const tlsRecord = Buffer.from([0x17, 0x03, 0x03]);

export class Packets {
  readonly #bytes: Buffer;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  has(text: string): boolean {
    return this.#bytes.includes(text);
  }

  /** Roughly: random bytes may look like one, now and then. */
  get tlsRecords(): number {
    let count = 0;
    for (let at = this.#bytes.indexOf(tlsRecord); at >= 0; at = this.#bytes.indexOf(tlsRecord, at + 1))
      count++;
    return count;
  }
}

/** Why nothing can be captured here; null where it can. Installs tcpdump where that is all it takes. */
export function whyNoCapture(nodePid: number | null): string | null {
  if (nodePid === null) return 'the bridge is on a node elsewhere';
  const isThere = () => spawnSync('tcpdump', ['--version'], { stdio: 'ignore' }).status === 0;
  if (isThere()) return null;
  spawnSync('apt-get', ['-y', '-qq', 'install', '--no-install-recommends', 'tcpdump'], { stdio: 'ignore' });
  return isThere() ? null : 'tcpdump is not installed (apt-get install tcpdump)';
}

export interface Watching {
  /** What has been seen so far. */
  seen(): Promise<Packets>;
}

/**
 * Every packet that the bridge between a node's pods sees while `work` runs: tcpdump in the network namespace of the
 * node, which is that of process `nodePid` here.
 */
export async function capturePackets(
  nodePid: number,
  work: (watching: Watching) => Promise<void>,
): Promise<Packets> {
  await using folder = await temporaryDirectory('packets');
  const file = join(folder.path, 'bridge.pcap');
  const seen = async () => new Packets(await readFile(file));
  // Each packet is given and written at once; -Z keeps it from giving up its user, who owns the folder.
  const dump = [
    'tcpdump',
    '-i',
    'cni0',
    '-s',
    '0',
    '--immediate-mode',
    '-U',
    '-Z',
    'root',
    '-w',
    file,
    'tcp',
  ];
  const process = spawn('nsenter', [`--net=/proc/${nodePid}/ns/net`, ...dump], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let said = '';
  const listening = Promise.withResolvers<void>();
  process.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    said += chunk;
    if (said.includes('listening on')) listening.resolve();
  });
  process.once('error', listening.reject);
  process.once('close', () => listening.reject(new Error(`tcpdump ended: ${said}`)));
  const ended = once(process, 'close');
  try {
    await listening.promise;
    await work({ seen });
  } finally {
    process.kill('SIGTERM');
    await ended.catch(() => {});
  }
  return await seen();
}
