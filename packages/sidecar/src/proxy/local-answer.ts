import { type ServerStream, sendLocalResponse } from '@tulle/http';
import type { Failure } from './failure.ts';

/** An answer that is made here: why, for a program and for a person. */
export function sendLocalAnswer(stream: ServerStream, failure: Failure, detail: string): void {
  const fields: [name: string, value: string][] = [
    ['content-type', 'text/plain; charset=utf-8'],
    ['x-tulle-reason', failure.reason],
  ];
  if (failure.retryAfterSeconds !== undefined)
    fields.push(['retry-after', String(failure.retryAfterSeconds)]);
  const text = detail === '' ? `${failure.message}\n` : `${failure.message}: ${detail}\n`;
  sendLocalResponse(stream, failure.status, fields, text);
}
