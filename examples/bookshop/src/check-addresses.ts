import { createServer } from 'node:net';

/**
 * Tries every address once before anything is started, so that a machine without the addresses, or a
 * second demo on the same ones, ends with one clear message in place of a dozen failed processes.
 */
export async function checkAddresses(
  listeners: readonly { readonly host: string; readonly port: number }[],
  platform: NodeJS.Platform,
): Promise<void> {
  const faults = (await Promise.all(listeners.map(tryToBind))).filter((fault) => fault !== null);
  if (faults.length === 0) return;
  const missing = [...new Set(faults.filter(({ code }) => code === 'EADDRNOTAVAIL').map(({ host }) => host))];
  if (missing.length > 0) throw new Error(missingAddresses(missing, platform));
  const { host, port, code } = faults[0]!;
  const hint =
    code === 'EADDRINUSE'
      ? 'another demo runs there? Stop it, or give this one its own addresses: --base 127.0.20'
      : 'choose other addresses: --base 127.0.20';
  throw new Error(`cannot listen on ${host}:${port} (${code}): ${hint}`);
}

function missingAddresses(missing: readonly string[], platform: NodeJS.Platform): string {
  const commands =
    platform === 'darwin'
      ? missing.map((host) => `  sudo ifconfig lo0 alias ${host} up`)
      : missing.map((host) => `  sudo ip address add ${host}/8 dev lo`);
  return `each pod of the demo has a loopback address of its own, and this machine lacks some; add them with\n${commands.join('\n')}`;
}

interface BindFault {
  readonly host: string;
  readonly port: number;
  readonly code: string;
}

function tryToBind({ host, port }: { host: string; port: number }): Promise<BindFault | null> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', (fault: NodeJS.ErrnoException) =>
      resolve({ host, port, code: fault.code ?? fault.message }),
    );
    server.listen(port, host, () => server.close(() => resolve(null)));
  });
}
