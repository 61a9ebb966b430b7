import { simpleResponse } from '@tulle/http';
import type { Failure } from './failure.ts';

export interface AnswerOptions {
  readonly detail: string;
  /** HEAD is answered by the head alone. */
  readonly isHead: boolean;
  readonly connection: 'close' | 'keep-alive' | null;
}

const END_OF_HEAD = Buffer.from('\r\n\r\n');

/** The bytes of an answer that is made here. */
export function localAnswer(failure: Failure, { detail, isHead, connection }: AnswerOptions): Buffer {
  const headers: [string, string][] = [
    ['content-type', 'text/plain; charset=utf-8'],
    ['x-tulle-reason', failure.reason],
  ];
  if (connection !== null) headers.push(['connection', connection]);
  const body = detail === '' ? `${failure.message}\n` : `${failure.message}: ${detail}\n`;
  const bytes = simpleResponse(failure.status, headers, body);
  return isHead ? bytes.subarray(0, bytes.indexOf(END_OF_HEAD) + END_OF_HEAD.length) : bytes;
}
