/** Where a failure arose, seen from this process. */
export type ErrorSource = 'config' | 'upstream' | 'downstream' | 'control-plane' | 'internal';

export interface TulleErrorOptions {
  readonly source: ErrorSource;
  /** Whether the same call may succeed later without anything being changed. */
  readonly isRetryable?: boolean;
  readonly cause?: unknown;
}

/** The one error class: a stable code for programs; a message that says what, where and what to try. */
export class TulleError extends Error {
  readonly code: string;
  readonly source: ErrorSource;
  readonly isRetryable: boolean;

  constructor(code: string, message: string, options: TulleErrorOptions) {
    super(message, { cause: options.cause });
    this.name = 'TulleError';
    this.code = code;
    this.source = options.source;
    this.isRetryable = options.isRetryable ?? false;
  }
}

/** The message of whatever was thrown. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
