import { request } from 'node:http';
import { connect } from 'node:http2';
import { applicationBody, applicationPaths } from '../application.ts';
import { type Setup, speaksH1 } from '../cases.ts';
import type { Subject } from '../subjects/subject.ts';

interface Answer {
  readonly status: number;
  readonly bodyBytes: number;
  readonly grpcStatus: string | undefined;
}

/** Fails unless one request through the subject gets the application's answer whole: else its costs mean nothing. */
export async function checkAnswer(setup: Setup, subject: Subject): Promise<void> {
  const { protocol, bodyBytes } = setup;
  const given = await (speaksH1(protocol) ? askH1(setup, subject) : askH2(setup, subject));
  const wanted: Answer = { status: 200, bodyBytes, grpcStatus: protocol === 'grpc' ? '0' : undefined };
  if (JSON.stringify(given) !== JSON.stringify(wanted)) {
    throw new Error(`${subject.name} answers ${JSON.stringify(given)} instead of ${JSON.stringify(wanted)}`);
  }
}

const timeoutMs = 10_000;

function askH1({ protocol }: Setup, { name, address, port, host }: Subject): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const path = applicationPaths[protocol];
    const headers = host === undefined ? {} : { host };
    const asked = request({ host: address, port, path, headers, agent: false, timeout: timeoutMs });
    asked.once('error', (error) => reject(new Error(`${name} gives no answer: ${error.message}`)));
    asked.once('timeout', () => asked.destroy(new Error('timeout')));
    asked.once('response', (response) => {
      let bodyBytes = 0;
      response.on('data', (chunk: Buffer) => {
        bodyBytes += chunk.length;
      });
      response.once('error', reject);
      response.once('end', () =>
        resolve({ status: response.statusCode ?? 0, bodyBytes, grpcStatus: undefined }),
      );
    });
    asked.end();
  });
}

async function askH2(
  { protocol, bodyBytes: sentBytes }: Setup,
  { name, address, port, host }: Subject,
): Promise<Answer> {
  const authority = host ?? `${address}:${port}`;
  const session = connect(`http://${address}:${port}`);
  try {
    return await new Promise((resolve, reject) => {
      const refuse = (reason: string) => () => reject(new Error(`${name} gives no answer: ${reason}`));
      session.once('error', (error) => refuse(error.message)());
      const head = { ':authority': authority, ':path': applicationPaths[protocol] };
      const call = { ':method': 'POST', 'content-type': 'application/grpc', te: 'trailers' };
      const stream = session.request(protocol === 'grpc' ? { ...head, ...call } : head);
      let [status, bodyBytes, grpcStatus]: [number, number, string | undefined] = [0, 0, undefined];
      stream.once('response', (headers) => {
        status = Number(headers[':status']);
      });
      stream.once('trailers', (trailers) => {
        grpcStatus = trailers['grpc-status']?.toString();
      });
      stream.on('data', (chunk: Buffer) => {
        bodyBytes += chunk.length;
      });
      stream.once('error', (error) => refuse(error.message)());
      stream.once('close', () => resolve({ status, bodyBytes, grpcStatus }));
      stream.setTimeout(timeoutMs, refuse('timeout'));
      if (protocol === 'grpc') stream.end(applicationBody('grpc', sentBytes));
      else stream.end();
    });
  } finally {
    session.destroy();
  }
}
