import { text } from 'node:stream/consumers';
import picocolors from 'picocolors';
import { connect } from './cluster/cluster.ts';
import { runCli } from './run-cli.ts';

const isColored = process.stdout.isTTY === true && !process.env.NO_COLOR;

process.exitCode = await runCli(process.argv.slice(2), {
  out: (text) => process.stdout.write(text),
  err: (text) => process.stderr.write(text),
  colors: picocolors.createColors(isColored),
  fetch,
  readInput: () => text(process.stdin),
  connect,
  nowMs: Date.now,
});
