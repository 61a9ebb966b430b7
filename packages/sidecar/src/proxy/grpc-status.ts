import type { FieldSection } from '@tulle/http';

/** gRPC's own code for a status that is none (gRPC over HTTP/2, "Responses"). */
const UNKNOWN = 2;
const MAX_STATUS = 16;

/** The status that trailers, or a response of a head alone, tell; -1 where they tell none. */
export function grpcStatusOf(fields: FieldSection): number {
  const line = fields.find('grpc-status');
  if (line < 0) return -1;
  const text = fields.value(line);
  const status = Number(text);
  return /^[0-9]{1,2}$/.test(text) && status <= MAX_STATUS ? status : UNKNOWN;
}

/**
 * What a status of HTTP means to a caller of gRPC: https://github.com/grpc/grpc/blob/master/doc/http-grpc-status-mapping.md
 */
export function grpcStatusOfHttp(status: number): number {
  switch (status) {
    case 400:
      return 13;
    case 401:
      return 16;
    case 403:
      return 7;
    case 404:
      return 12;
    case 429:
    case 502:
    case 503:
    case 504:
      return 14;
    default:
      return UNKNOWN;
  }
}
