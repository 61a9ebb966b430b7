/** The `tulle` command: what an operator types. */
export type { Io } from './io.ts';
export { runCli } from './run-cli.ts';
