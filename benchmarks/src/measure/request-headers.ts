/** What a real client sends beside the request line, so that parsing is not flattered. */
export const requestHeaders = [
  'User-Agent: Mozilla/5.0 (X11; Linux x86_64) bench/1.0',
  'Accept: application/json, text/plain, */*',
  'Accept-Encoding: gzip, deflate, br',
  'X-Tenant: acme-prod-eu-west-1',
  'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
] as const;

/** What a gRPC client sends with a unary call. */
export const grpcRequestHeaders = [
  'te: trailers',
  'content-type: application/grpc',
  'user-agent: grpc-node-js/1.14.0',
  'grpc-accept-encoding: identity,deflate,gzip',
  'grpc-timeout: 30S',
  'traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
] as const;
