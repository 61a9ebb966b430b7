import {
  type DescMethod,
  type DescService,
  fromBinary,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import type { GenService, GenServiceMethods } from '@bufbuild/protobuf/codegenv2';
import type {
  handleBidiStreamingCall,
  handleUnaryCall,
  MethodDefinition,
  Server,
  ServiceDefinition,
} from '@grpc/grpc-js';

/** A message, or its bytes where they were made before: they go out as they are. */
export type OrEncoded<T> = T | Buffer;

/** The handlers that a server gives for a generated service: unary and bidirectional methods. */
export type GrpcHandlers<Methods extends GenServiceMethods> = {
  [M in keyof Methods]: Methods[M]['methodKind'] extends 'bidi_streaming'
    ? handleBidiStreamingCall<
        MessageShape<Methods[M]['input']>,
        OrEncoded<MessageShape<Methods[M]['output']>>
      >
    : handleUnaryCall<MessageShape<Methods[M]['input']>, OrEncoded<MessageShape<Methods[M]['output']>>>;
};

/** The same, from the service: `GrpcHandlersOf<typeof IdentityService>`. */
export type GrpcHandlersOf<Service> =
  Service extends GenService<infer Methods> ? GrpcHandlers<Methods> : never;

/**
 * The grpc-js definition of a generated service. A server may write a Buffer in place of a response, so
 * that what goes to many subscribers is encoded once.
 */
export function grpcService<Methods extends GenServiceMethods>(
  service: GenService<Methods>,
): ServiceDefinition<GrpcHandlers<Methods>> {
  const entries = service.methods.map((method) => [method.localName, methodDefinition(service, method)]);
  return Object.fromEntries(entries) as ServiceDefinition<GrpcHandlers<Methods>>;
}

/** `server.addService` with the handlers typed by the generated service. */
export function addGrpcService<Methods extends GenServiceMethods>(
  server: Server,
  service: GenService<Methods>,
  handlers: GrpcHandlers<Methods>,
): void {
  server.addService(grpcService(service) as ServiceDefinition, handlers);
}

function methodDefinition(
  service: Pick<DescService, 'typeName'>,
  method: DescMethod,
): MethodDefinition<unknown, unknown> {
  const serialize = (schema: DescMethod['input']) => (message: unknown) =>
    Buffer.isBuffer(message) ? message : asBuffer(toBinary(schema, message as MessageShape<typeof schema>));
  return {
    path: `/${service.typeName}/${method.name}`,
    originalName: method.localName,
    requestStream: method.methodKind === 'client_streaming' || method.methodKind === 'bidi_streaming',
    responseStream: method.methodKind === 'server_streaming' || method.methodKind === 'bidi_streaming',
    requestSerialize: serialize(method.input),
    requestDeserialize: (bytes) => fromBinary(method.input, bytes),
    responseSerialize: serialize(method.output),
    responseDeserialize: (bytes) => fromBinary(method.output, bytes),
  };
}

function asBuffer(bytes: Uint8Array<ArrayBuffer>): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
