import type { FieldSection } from '../message/field-section.ts';
import { HeadIndex } from '../message/head-index.ts';
import type { BodyReader } from './body-reader.ts';
import { parseLines } from './parse-lines.ts';

/** One for all connections: trailers are used up within the call that gives them. */
const trailers = new HeadIndex();

/** The trailers that `body` kept, or a negated key of h1Errors; valid until the next call. */
export function readTrailers(body: BodyReader, maxCount: number): FieldSection | number {
  const bytes = body.trailers;
  trailers.clear(bytes, 0);
  const after = parseLines(trailers, 0, bytes.length, maxCount);
  return after < 0 ? after : trailers;
}
