import type { MessageShape } from '@bufbuild/protobuf';
import type { GenService, GenServiceMethods } from '@bufbuild/protobuf/codegenv2';
import {
  type CallOptions,
  type ChannelCredentials,
  type Client,
  type ClientDuplexStream,
  type ClientOptions,
  type ClientUnaryCall,
  type Metadata,
  makeClientConstructor,
  type requestCallback,
} from '@grpc/grpc-js';
import { grpcService, type OrEncoded } from './grpc-service.ts';

/** A grpc-js client with a typed function for each unary and bidirectional method. */
export type GrpcClient<Methods extends GenServiceMethods> = Client & {
  [M in keyof Methods]: Methods[M]['methodKind'] extends 'bidi_streaming'
    ? BidiMethod<OrEncoded<MessageShape<Methods[M]['input']>>, MessageShape<Methods[M]['output']>>
    : UnaryMethod<OrEncoded<MessageShape<Methods[M]['input']>>, MessageShape<Methods[M]['output']>>;
};

export type BidiMethod<I, O> = (metadata?: Metadata, options?: CallOptions) => ClientDuplexStream<I, O>;
export type UnaryMethod<I, O> = (
  request: I,
  metadata: Metadata,
  options: CallOptions,
  callback: requestCallback<O>,
) => ClientUnaryCall;

export interface GrpcClientOptions {
  /** `host:port`. */
  readonly target: string;
  readonly credentials: ChannelCredentials;
  readonly options?: ClientOptions;
}

/** A client of a generated service. Close it with `close()`. */
export function createGrpcClient<Methods extends GenServiceMethods>(
  service: GenService<Methods>,
  { target, credentials, options = {} }: GrpcClientOptions,
): GrpcClient<Methods> {
  const Constructor = makeClientConstructor(grpcService(service), service.typeName);
  // The methods of a client made from a definition are only known at run time.
  return new Constructor(target, credentials, options) as unknown as GrpcClient<Methods>;
}
