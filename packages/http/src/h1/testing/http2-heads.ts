import { readRequestFields } from '../../h2/read-request-fields.ts';
import { readResponseFields } from '../../h2/read-response-fields.ts';
import { literalFields } from '../../h2/testing/raw-hpack.ts';
import { HpackDecoder } from '../../hpack/hpack-decoder.ts';
import type { HeadIndex } from '../../message/head-index.ts';
import { RequestHead } from '../../message/request-head.ts';
import { ResponseHead } from '../../message/response-head.ts';
import { defaultH1Limits } from '../limits.ts';

type Fields = readonly (readonly [name: string, value: string])[];

/** A request as HTTP/2 brings it. */
export function http2Request(fields: Fields, isEnd: boolean): RequestHead {
  const head = new RequestHead();
  decode(fields, head);
  settled(readRequestFields(head, isEnd, defaultH1Limits));
  return head;
}

export function http2Response(fields: Fields, isEnd: boolean, isTunnelRequest = false): ResponseHead {
  const head = new ResponseHead();
  decode(fields, head);
  settled(readResponseFields(head, isEnd, false, isTunnelRequest));
  return head;
}

function decode(fields: Fields, head: HeadIndex): void {
  const block = literalFields(fields);
  const out = Buffer.alloc(16 * 1024);
  const limits = { maxSectionBytes: 8 * 1024, maxCount: 100 };
  settled(new HpackDecoder(4096).decode(block, 0, block.length, head, out, 0, limits));
}

function settled(error: number): void {
  if (error !== 0) throw new Error(`not accepted: ${error}`);
}
