import type { IncomingMessage } from 'node:http';
import { messageOf } from '@tulle/runtime';
import { clientReasons, errorOfStatus, KubernetesError } from '../kubernetes-error.ts';

/** Of a response that is no success: its text only goes into an error. */
const maxErrorBytes = 1024 * 1024;

/** The JSON of a successful response; throws what another one tells. */
export async function readJson(response: IncomingMessage, what: string, maxBytes: number): Promise<unknown> {
  const body = await readBody(response, what, maxBytes);
  if (body.length === 0) return null;
  try {
    return JSON.parse(body.toString('utf8'));
  } catch (cause) {
    throw new KubernetesError(`${what}: the response is no JSON: ${messageOf(cause)}`, {
      status: response.statusCode ?? 0,
      reason: clientReasons.badResponse,
      isRetryable: true,
      cause,
    });
  }
}

/** The error that a response with a status other than 2xx stands for. */
export async function readError(response: IncomingMessage, what: string): Promise<KubernetesError> {
  const httpStatus = response.statusCode ?? 0;
  let body: unknown = null;
  try {
    const text = (await readBody(response, what, maxErrorBytes)).toString('utf8');
    body = text.startsWith('{') ? JSON.parse(text) : { kind: 'Status', message: text.trim() };
  } catch {
    // The status alone has to do.
  }
  const retryAfterMs = retryAfterOf(response.headers['retry-after']);
  return errorOfStatus(body, { httpStatus, what, retryAfterMs });
}

export function isSuccess({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode >= 200 && statusCode < 300;
}

async function readBody(response: IncomingMessage, what: string, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > maxBytes) throw tooLarge(what, maxBytes);
      chunks.push(chunk);
    }
  } catch (cause) {
    response.destroy();
    throw cause instanceof KubernetesError ? cause : brokenOff(what, cause);
  }
  return Buffer.concat(chunks, length);
}

function tooLarge(what: string, maxBytes: number): KubernetesError {
  return new KubernetesError(`${what}: the response is larger than ${maxBytes} bytes: ask for less of it`, {
    status: 0,
    reason: clientReasons.tooLarge,
  });
}

export function brokenOff(what: string, cause: unknown): KubernetesError {
  return new KubernetesError(`${what}: the response broke off: ${messageOf(cause)}`, {
    status: 0,
    reason: clientReasons.unreachable,
    isRetryable: true,
    cause,
  });
}

/** RFC 9110 10.2.3: seconds, or a date. */
function retryAfterOf(header: string | undefined): number | null {
  if (header === undefined) return null;
  if (/^\d{1,6}$/.test(header)) return 1_000 * Number(header);
  const atMs = Date.parse(header);
  return Number.isNaN(atMs) ? null : Math.max(0, atMs - Date.now());
}
