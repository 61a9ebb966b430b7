/** A collector that decodes what it is sent (opentelemetry-proto, collector/trace/v1) with a reader of its own. */
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BinaryReader } from '@bufbuild/protobuf/wire';
import type { Cleanup } from './cleanup.ts';

export interface CollectedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty: none. */
  readonly parentId: string;
  readonly name: string;
  /** 2 server, 3 client. */
  readonly kind: number;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** 2: error. */
  readonly status: number;
  readonly service: unknown;
}

export class OtlpCollector {
  readonly spans: CollectedSpan[] = [];
  readonly contentTypes = new Set<string>();
  /** Takes what comes and does not answer. */
  isStuck = false;
  url = '';
  #requests = 0;

  get requests(): number {
    return this.#requests;
  }

  async start(host: string, cleanup: Cleanup): Promise<this> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      this.contentTypes.add(request.headers['content-type'] ?? '');
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => this.#take(request.url ?? '', Buffer.concat(chunks), response));
      request.on('error', () => {});
    });
    await new Promise<void>((resolve) => server.listen(0, host, resolve));
    cleanup.add(() => {
      server.closeAllConnections();
      server.close();
    });
    this.url = `http://${host}:${(server.address() as AddressInfo).port}`;
    return this;
  }

  #take(path: string, body: Buffer, response: ServerResponse): void {
    this.#requests++;
    if (this.isStuck) return;
    if (path !== '/v1/traces') {
      response.writeHead(404).end();
      return;
    }
    this.spans.push(...decodeRequest(body));
    response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
  }
}

type Fields = ReadonlyMap<number, readonly (Uint8Array | number | bigint)[]>;

function decodeRequest(body: Uint8Array): CollectedSpan[] {
  return messages(fieldsOf(body), 1).flatMap((resourceSpans) => {
    const [resource] = messages(resourceSpans, 1);
    const service = resource === undefined ? undefined : attributesOf(resource, 1)['service.name'];
    return messages(resourceSpans, 2)
      .flatMap((scope) => messages(scope, 2))
      .map((span) => decodeSpan(span, service));
  });
}

function decodeSpan(span: Fields, service: unknown): CollectedSpan {
  const [status] = messages(span, 15);
  return {
    traceId: hex(span, 1),
    spanId: hex(span, 2),
    parentId: hex(span, 4),
    name: text(span, 5),
    kind: Number(span.get(6)?.[0] ?? 0),
    attributes: attributesOf(span, 9),
    status: Number(status?.get(3)?.[0] ?? 0),
    service,
  };
}

function attributesOf(fields: Fields, number: number): Record<string, unknown> {
  return Object.fromEntries(
    messages(fields, number).map((pair) => {
      const [value] = messages(pair, 2);
      const number = value?.get(3)?.[0];
      return [text(pair, 1), number === undefined ? text(value ?? new Map(), 1) : Number(number)];
    }),
  );
}

function fieldsOf(bytes: Uint8Array): Fields {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, (Uint8Array | number | bigint)[]>();
  while (reader.pos < reader.len) {
    const [number, wireType] = reader.tag();
    const values = fields.get(number) ?? [];
    fields.set(number, values);
    if (wireType === 0) values.push(BigInt(reader.uint64()));
    else if (wireType === 1) values.push(BigInt(reader.fixed64()));
    else if (wireType === 2) values.push(reader.bytes());
    else values.push(reader.fixed32());
  }
  return fields;
}

function messages(fields: Fields, number: number): Fields[] {
  return (fields.get(number) ?? []).map((bytes) => fieldsOf(bytes as Uint8Array));
}

function text(fields: Fields, number: number): string {
  return Buffer.from((fields.get(number)?.[0] as Uint8Array | undefined) ?? []).toString();
}

function hex(fields: Fields, number: number): string {
  return Buffer.from((fields.get(number)?.[0] as Uint8Array | undefined) ?? []).toString('hex');
}
