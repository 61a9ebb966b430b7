/** 0 done; 1 failed, or something is wrong with what was looked at; 2 used wrongly. */
export type ExitCode = 0 | 1 | 2;

/** How a command that found no error still ends with another code than 0. */
export type Finish = (code: ExitCode) => void;
