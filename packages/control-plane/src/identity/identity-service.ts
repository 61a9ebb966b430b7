import { create } from '@bufbuild/protobuf';
import { type ServerUnaryCall, type StatusObject, status } from '@grpc/grpc-js';
import { formatSpiffeId, parseSpiffeId, type SpiffeId } from '@tulle/model';
import { type Clock, type Logger, messageOf } from '@tulle/runtime';
import {
  type GrpcHandlersOf,
  type IdentityService,
  type SignCertificateRequest,
  type SignCertificateResponse,
  SignCertificateResponseSchema,
} from '@tulle/xds';
import type { AuthenticationResult, Authenticator } from './authenticator.ts';
import type { CertificateAuthority } from './certificate-authority.ts';
import { parseCertificateRequest } from './certificate-request.ts';
import type { IdentityMetrics } from './identity-metrics.ts';
import { RateLimiter } from './rate-limiter.ts';

export interface IdentityServiceOptions {
  readonly authority: CertificateAuthority;
  readonly authenticator: Authenticator;
  readonly metrics: IdentityMetrics;
  readonly logger: Logger;
  readonly clock: Clock;
  readonly limits?: Partial<IdentityLimits>;
}

export interface IdentityLimits {
  /** Requests under way at once. A signature is some 6 ms of CPU. */
  readonly maxConcurrent: number;
  /** For each identity: room for a large rollout; not for one workload to keep the others from theirs. */
  readonly perSecond: number;
  readonly burst: number;
  /** For each address: tokens that are refused, each of which has cost a look at them, maybe by the API server. */
  readonly refusalsPerSecond: number;
  readonly refusalsBurst: number;
}

const defaultLimits: IdentityLimits = {
  maxConcurrent: 64,
  perSecond: 10,
  burst: 200,
  refusalsPerSecond: 2,
  refusalsBurst: 50,
};

const maxKeys = 10_000;

type Handlers = GrpcHandlersOf<typeof IdentityService>;
type Call = ServerUnaryCall<SignCertificateRequest, SignCertificateResponse | Buffer>;
type Accepted = Extract<AuthenticationResult, { kind: 'accepted' }>;

interface Limiters {
  readonly issued: RateLimiter;
  readonly refused: RateLimiter;
}

/** An answer other than a certificate; `outcome` is its metric label. */
class Refusal extends Error {
  readonly code: status;
  readonly outcome: string;
  readonly identity: string | null;

  constructor(code: status, outcome: string, message: string, identity: string | null = null) {
    super(message);
    this.code = code;
    this.outcome = outcome;
    this.identity = identity;
  }
}

/** `tulle.identity.v1.IdentityService`: a bearer token and a CSR in, a certificate for the token's owner out. */
export function createIdentityService(options: IdentityServiceOptions): Handlers {
  const { clock } = options;
  const limits = { ...defaultLimits, ...options.limits };
  const { perSecond, burst, refusalsPerSecond, refusalsBurst } = limits;
  const limiters: Limiters = {
    issued: new RateLimiter({ perSecond, burst, maxKeys, clock }),
    refused: new RateLimiter({ perSecond: refusalsPerSecond, burst: refusalsBurst, maxKeys, clock }),
  };
  let underWay = 0;

  const bounded = async (call: Call): Promise<SignCertificateResponse> => {
    if (underWay >= limits.maxConcurrent) {
      const message = `${limits.maxConcurrent} certificate requests are under way: try again later`;
      throw new Refusal(status.RESOURCE_EXHAUSTED, 'overloaded', message);
    }
    underWay++;
    try {
      return await signCertificate(call, options, limiters);
    } finally {
      underWay--;
    }
  };

  return {
    signCertificate(call, callback) {
      bounded(call).then(
        (response) => callback(null, response),
        (thrown) => callback(refuse(call, thrown, options)),
      );
    },
  };
}

async function signCertificate(
  call: Call,
  { authority, authenticator, metrics, logger }: IdentityServiceOptions,
  { issued: limiter, refused }: Limiters,
): Promise<SignCertificateResponse> {
  const owner = await authenticate(call, authenticator, refused);
  const identity = identityOf(owner, authority.trustDomain);
  const name = formatSpiffeId(identity);
  if (!limiter.take(name)) {
    const message = `too many certificate requests for ${name}: try again later`;
    throw new Refusal(status.RESOURCE_EXHAUSTED, 'rate_limited', message, name);
  }
  const request = await parseCertificateRequest(call.request.csrDer);
  if (!request.ok) throw new Refusal(status.INVALID_ARGUMENT, 'invalid_request', request.reason, name);
  const issued = await authority.sign({ publicKey: request.publicKey, identity });
  metrics.requests.with('issued').inc();
  logger.info('certificate issued', {
    identity: issued.spiffeId,
    pod: owner.pod,
    podUid: owner.podUid,
    serial: issued.serial,
    notAfter: new Date(issued.notAfterMs).toISOString(),
    peer: call.getPeer(),
  });
  return create(SignCertificateResponseSchema, {
    certificateChainDer: [...issued.chainDer],
    trustRootsDer: [...authority.rootsDer],
    spiffeId: issued.spiffeId,
  });
}

async function authenticate(
  call: Call,
  authenticator: Authenticator,
  refused: RateLimiter,
): Promise<Accepted> {
  const host = hostOf(call.getPeer());
  if (!refused.canTake(host)) {
    const message = `too many tokens from ${host} were refused: mend the one that is sent, then try again`;
    throw new Refusal(status.RESOURCE_EXHAUSTED, 'rate_limited', message);
  }
  const values = call.metadata.get('authorization');
  const value = values.length === 1 ? values[0]! : '';
  // RFC 6750, section 2.1; the scheme's case does not matter (RFC 9110, section 11.1).
  const token = typeof value === 'string' ? /^bearer +([\x21-\x7e]+)$/i.exec(value)?.[1] : undefined;
  if (token === undefined) {
    const message = 'send one header `authorization: Bearer <token>`';
    throw new Refusal(status.UNAUTHENTICATED, 'no_token', message);
  }
  let result: AuthenticationResult;
  try {
    result = await authenticator.authenticate(token);
  } catch (thrown) {
    const message = `the token cannot be checked at present (${messageOf(thrown)})`;
    throw new Refusal(status.UNAVAILABLE, 'authenticator_failed', message);
  }
  if (result.kind === 'accepted') return result;
  refused.take(host);
  throw new Refusal(status.UNAUTHENTICATED, 'token_refused', result.reason);
}

/** Without the port, which is another one for each connection. */
function hostOf(peer: string): string {
  return peer.slice(0, Math.max(0, peer.lastIndexOf(':'))) || peer;
}

function identityOf({ namespace, serviceAccount }: Accepted, trustDomain: string): SpiffeId {
  const identity = { trustDomain, namespace, serviceAccount };
  // Names that an authenticator lets through but that make no identity of the mesh's form end here.
  if (parseSpiffeId(formatSpiffeId(identity)) !== null) return identity;
  const message = 'the token belongs to an account whose name makes no SPIFFE identity';
  throw new Refusal(status.UNAUTHENTICATED, 'token_refused', message);
}

function refuse(
  call: Call,
  thrown: unknown,
  { metrics, logger }: IdentityServiceOptions,
): Partial<StatusObject> {
  const peer = call.getPeer();
  if (thrown instanceof Refusal) {
    const { code, outcome, identity, message: reason } = thrown;
    metrics.requests.with(outcome).inc();
    logger.warn('certificate refused', { reason, code: status[code], identity, peer });
    return { code, details: reason };
  }
  metrics.requests.with('failed').inc();
  logger.error('certificate not signed', { reason: messageOf(thrown), peer });
  // What failed inside is for the log, not for the caller.
  return { code: status.INTERNAL, details: 'the certificate could not be signed' };
}
