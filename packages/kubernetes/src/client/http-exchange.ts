import {
  type ClientRequest,
  request as httpRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { request as httpsRequest } from 'node:https';
import { type Clock, messageOf } from '@tulle/runtime';
import { clientReasons, KubernetesError } from '../kubernetes-error.ts';
import { orAborted } from '../or-aborted.ts';
import type { Connection } from './connection.ts';

export interface ExchangeRequest {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly accept: string;
  readonly body?: Buffer | undefined;
  readonly contentType?: string | undefined;
  readonly userAgent: string;
  readonly signal: AbortSignal;
}

/** To a stranger that swallows packets a connection would otherwise take minutes to fail. */
const connectTimeoutMs = 10_000;

/** Sends a request and resolves with the head of its response; the body is then to be read, or destroyed. */
export async function openExchange(
  connection: Connection,
  request: ExchangeRequest,
  clock: Clock,
): Promise<IncomingMessage> {
  // A credential plug-in may hang, which no time-out of a socket would end.
  const { agent, headers } = await orAborted(connection.credentials(), request.signal);
  const { server } = connection;
  const options: RequestOptions = {
    agent,
    method: request.method,
    hostname: server.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: server.port,
    path: server.pathname.replace(/\/$/, '') + request.path,
    headers: { ...headers, ...headersOf(request) },
    signal: request.signal,
  };
  return new Promise((resolve, reject) => {
    const outgoing = (server.protocol === 'http:' ? httpRequest : httpsRequest)(options);
    const fail = (cause: unknown) => reject(connectionError(cause, connection, request, outgoing));
    outgoing.once('response', resolve);
    // Kept for the whole exchange: an error after the response reaches the response, and would else be uncaught here.
    outgoing.on('error', fail);
    limitConnecting(outgoing, clock);
    outgoing.end(request.body);
  });
}

function headersOf({
  accept,
  body,
  contentType,
  userAgent,
}: ExchangeRequest): Record<string, string | number> {
  const headers: Record<string, string | number> = { accept, 'user-agent': userAgent };
  if (body !== undefined) {
    headers['content-type'] = contentType ?? 'application/json';
    headers['content-length'] = body.length;
  }
  return headers;
}

function limitConnecting(outgoing: ClientRequest, clock: Clock): void {
  outgoing.once('socket', (socket) => {
    if (!socket.connecting) return;
    const cancel = clock.schedule(connectTimeoutMs, () =>
      outgoing.destroy(new Error(`no connection within ${connectTimeoutMs / 1_000} s`)),
    );
    const event = 'encrypted' in socket ? 'secureConnect' : 'connect';
    socket.once(event, cancel);
    socket.once('close', cancel);
  });
}

/** What a failure on the way means. One that the caller's signal brought about is passed on as its reason. */
function connectionError(
  cause: unknown,
  { server }: Connection,
  { method, path, signal }: ExchangeRequest,
  outgoing: ClientRequest,
): unknown {
  if (signal.aborted) return signal.reason;
  const what = `${method} ${withoutQuery(path)}`;
  return new KubernetesError(
    `${what}: the API server at ${server.host} cannot be reached: ${messageOf(cause)}`,
    {
      status: 0,
      reason: outgoing.reusedSocket ? clientReasons.stale : clientReasons.unreachable,
      isRetryable: true,
      cause,
    },
  );
}

export function withoutQuery(path: string): string {
  const question = path.indexOf('?');
  return question < 0 ? path : path.slice(0, question);
}
