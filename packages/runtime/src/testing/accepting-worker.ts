/**
 * A program for worker-group.test.ts: tells each connection its process id and index, echoes what it gets
 * but for `die`, `hang` and `nap` (which holds its loop up for a moment), tells all of a SIGHUP, and on SIGTERM stops to accept and ends once its connections have.
 * Arguments: the port, and a habit: `dies` or `hangs` instead of becoming ready, `stays` on SIGTERM.
 */
import { createServer, type Socket } from 'node:net';
import { reportWorkerReady } from '../worker-process.ts';

const [port, habit] = process.argv.slice(2);
if (habit === 'dies') process.exit(7);

const open = new Set<Socket>();
const server = createServer({ allowHalfOpen: true }, (socket) => {
  open.add(socket);
  socket.on('error', () => {});
  socket.on('data', (data) => obey(data.toString(), socket));
  socket.on('end', () => socket.end());
  socket.on('close', () => open.delete(socket));
  socket.write(`${process.pid} ${process.env.TULLE_WORKER_INDEX}\n`);
});
server.listen({ port: Number(port), host: '127.0.0.1', reusePort: true }, () => {
  if (habit !== 'hangs') reportWorkerReady();
});
process.on('SIGTERM', () => {
  if (habit !== 'stays') server.close(() => process.exit(0));
});
process.on('SIGHUP', () => {
  for (const socket of open) socket.write('SIGHUP');
});

function obey(word: string, socket: Socket): void {
  if (word === 'die') process.exit(3);
  socket.write(word);
  switch (word) {
    case 'hang':
      for (;;);
    case 'nap':
      for (const endMs = Date.now() + 300; Date.now() < endMs; );
  }
}
