import { readFile } from 'node:fs/promises';
import type { RunningProcess } from '@tulle/testkit';
import { eventually, startProgram } from '@tulle/testkit';
import type { Namespace } from './namespace.ts';

/** Everything that passes the bridge between two addresses, by tcpdump. */
export class PacketCapture {
  readonly #file: string;
  readonly #process: RunningProcess;

  private constructor(file: string, process: RunningProcess) {
    this.#file = file;
    this.#process = process;
  }

  static async start(node: Namespace, file: string): Promise<PacketCapture> {
    const command = ['tcpdump', '-i', 'br0', '-n', '-U', '-s', '0', '-B', '16384', '-Z', 'root', '-w', file];
    const process = await startProgram({ name: 'tcpdump', command: [...node.through(), ...command] });
    await eventually(() => {
      if (!process.lastLines().includes('listening on'))
        throw new Error(`no tcpdump: ${process.lastLines()}`);
    });
    return new PacketCapture(file, process);
  }

  /** The bytes of packets between these addresses, whichever sent them; `sees` waits until they are there. */
  async between(node: Namespace, one: string, other: string): Promise<Buffer> {
    const filter = `host ${one} and host ${other}`;
    const selected = `${this.#file}.selected`;
    await node.must(['tcpdump', '-n', '-r', this.#file, '-w', selected, '-Z', 'root', filter]);
    return await readFile(selected);
  }

  async stop(): Promise<void> {
    await this.#process.stop();
    const dropped = /(\d+) packets dropped by kernel/.exec(this.#process.lastLines())?.[1];
    if (dropped !== '0') throw new Error(`tcpdump did not see all: ${this.#process.lastLines()}`);
  }
}
