/** The `tulle` command: what an operator types. */
export type { ExitCode } from './exit-code.ts';
export type { Io } from './io.ts';
export { runCli } from './run-cli.ts';
