/** The `tulle` command: what an operator types. */
export type { ExitCode } from './exit-code.ts';
export { deployFiles } from './install/chart/chart-files.ts';
export type { Io } from './io.ts';
export { runCli } from './run-cli.ts';
export { version } from './version.ts';
