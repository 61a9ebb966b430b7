/** HTTP, gRPC, WebSocket and TLS clients by node, or by libraries as they are. */
import { Agent, request } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect as connectTls } from 'node:tls';
import { callChat, callCollect, callExpand, callUnary, grpcEchoClient } from '@tulle/testkit';
import type { Target } from './clients.ts';

export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
  /** Of the connection that it came by. */
  readonly localPort: number;
}

/** Requests one after the other over one kept-alive connection. */
export async function requestsKeptAlive({
  host,
  port,
  bodies,
}: Target & { readonly bodies: readonly string[] }): Promise<readonly HttpAnswer[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const answers: HttpAnswer[] = [];
  for (const body of bodies) answers.push(await requestBy(agent, { host, port }, body));
  agent.destroy();
  return answers;
}

function requestBy(agent: Agent, { host, port }: Target, body: string): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host, port, agent, method: 'POST', path: '/', timeout: 10_000 },
      (response) => {
        const chunks: Buffer[] = [];
        const localPort = outgoing.socket?.localPort ?? 0;
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const text = Buffer.concat(chunks).toString();
          resolve({ status: response.statusCode ?? 0, body: text, localPort });
        });
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer within 10 s')));
    outgoing.on('error', reject);
    outgoing.end(body);
  });
}

/** Requests at once over one connection, by prior knowledge. */
export async function http2Requests({
  host,
  port,
  bodies,
}: Target & { readonly bodies: readonly string[] }): Promise<readonly string[]> {
  const session = connectHttp2(`http://${host.includes(':') ? `[${host}]` : host}:${port}`);
  const failed = new Promise<never>((_, reject) => session.once('error', reject));
  try {
    return await Promise.race([failed, Promise.all(bodies.map((body) => http2Request(session, body)))]);
  } finally {
    session.destroy();
  }
}

function http2Request(session: ReturnType<typeof connectHttp2>, body: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const stream = session.request({ ':method': 'POST', ':path': '/' });
    let heard = '';
    stream.setEncoding('utf8').on('data', (text: string) => {
      heard += text;
    });
    stream.once('error', reject);
    stream.once('end', () => resolve(heard));
    stream.end(body);
  });
}

export interface GrpcAnswers {
  readonly unary: string;
  readonly collected: string;
  readonly expanded: number;
  readonly chat: readonly string[];
}

export async function grpcCalls({
  host,
  port,
  text,
}: Target & { readonly text: string }): Promise<GrpcAnswers> {
  const client = grpcEchoClient(`${host.includes(':') ? `[${host}]` : host}:${port}`, 'app');
  try {
    const { error, message } = await callUnary(client, 'unary', Buffer.from(text)).result;
    if (error !== null) throw error;
    return {
      unary: message.toString(),
      collected: await callCollect(client, 10, 1_000),
      expanded: (await callExpand(client, 50)).length,
      chat: await callChat(client, [text, 'b', 'c']),
    };
  } finally {
    client.close();
  }
}

/** Says each text once the one before has come back. */
export function webSocketTexts({
  host,
  port,
  texts,
}: Target & { readonly texts: readonly string[] }): Promise<readonly string[]> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(`ws://${host}:${port}/`);
    const heard: string[] = [];
    const next = () => {
      const text = texts[heard.length];
      if (text === undefined) socket.close();
      else socket.send(text);
    };
    socket.onopen = next;
    socket.onmessage = ({ data }) => {
      heard.push(String(data));
      next();
    };
    socket.onclose = () => resolve(heard);
    socket.onerror = () => reject(new Error('the WebSocket failed'));
  });
}

/** Trusts this authority alone and asks for this name: whoever ended TLS on the way would be found out. */
export function tlsExchange({
  host,
  port,
  text,
  ca,
  serverName,
}: Target & { readonly text: string; readonly ca: string; readonly serverName: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connectTls({ host, port, ca, servername: serverName, ALPNProtocols: ['http/1.1'] });
    let heard = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      heard += chunk;
    });
    socket.once('secureConnect', () => socket.write(text));
    socket.once('error', reject);
    socket.once('end', () => resolve(heard));
  });
}
