import { type ServerStream, sendLocalResponse } from '@tulle/http';
import type { Failure } from './failure.ts';

/** An answer that is made here: why, for a program and for a person. */
export function sendLocalAnswer(stream: ServerStream, failure: Failure, detail: string): void {
  const fields = [
    ['content-type', 'text/plain; charset=utf-8'],
    ['x-tulle-reason', failure.reason],
  ] as const;
  const text = detail === '' ? `${failure.message}\n` : `${failure.message}: ${detail}\n`;
  sendLocalResponse(stream, failure.status, fields, text);
}
