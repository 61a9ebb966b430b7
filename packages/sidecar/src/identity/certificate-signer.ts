import { readFile } from 'node:fs/promises';
import { create } from '@bufbuild/protobuf';
import { Metadata } from '@grpc/grpc-js';
import { type Clock, messageOf, TulleError } from '@tulle/runtime';
import {
  createGrpcClient,
  IdentityService,
  SignCertificateRequestSchema,
  type SignCertificateResponse,
} from '@tulle/xds';
import {
  type ControlPlaneAddress,
  controlPlaneChannelOptions,
  controlPlaneCredentials,
  describeServiceError,
} from '../control-plane-channel.ts';
import type { SignedCertificate } from './check-certificate.ts';

/** Has a certificate request signed. The state machine of renewals sees gRPC only through this. */
export interface CertificateSigner {
  sign(csrDer: Uint8Array): Promise<SignedCertificate>;
}

export interface GrpcCertificateSignerOptions {
  readonly controlPlane: ControlPlaneAddress;
  /** A bearer token; read anew at each use, since the platform rotates it. */
  readonly tokenFile: string;
  /** The roots in use (PEM); null while there are none but those of the start. */
  readonly roots: () => string | null;
  readonly clock: Clock;
}

const callTimeoutMs = 10_000;
const maxTokenChars = 16 * 1024;

/** Asks the control plane's identity service, with the workload's token, over TLS verified against the mesh's roots. */
export class GrpcCertificateSigner implements CertificateSigner {
  readonly #options: GrpcCertificateSignerOptions;

  constructor(options: GrpcCertificateSignerOptions) {
    this.#options = options;
  }

  async sign(csrDer: Uint8Array): Promise<SignedCertificate> {
    const { controlPlane, tokenFile, roots, clock } = this.#options;
    const metadata = new Metadata();
    metadata.set('authorization', `Bearer ${await readToken(tokenFile)}`);
    const client = createGrpcClient(IdentityService, {
      target: controlPlane.target,
      credentials: await controlPlaneCredentials(controlPlane, { own: null, bundlePem: roots() }),
      options: controlPlaneChannelOptions,
    });
    try {
      const response = await new Promise<SignCertificateResponse>((resolve, reject) => {
        const request = create(SignCertificateRequestSchema, { csrDer });
        const deadline = clock.nowMs() + callTimeoutMs;
        client.signCertificate(request, metadata, { deadline }, (error, answer) => {
          if (error !== null) reject(signFailure(describeServiceError(error), error));
          else if (answer === undefined) reject(signFailure('no answer', null));
          else resolve(answer);
        });
      });
      return { chainDer: response.certificateChainDer, rootsDer: response.trustRootsDer };
    } finally {
      client.close();
    }
  }
}

async function readToken(file: string): Promise<string> {
  let text: string;
  try {
    text = (await readFile(file, 'utf8')).trim();
  } catch (cause) {
    throw new TulleError('TOKEN_FILE', `cannot read the token file ${file}: ${messageOf(cause)}`, {
      source: 'config',
      isRetryable: true,
      cause,
    });
  }
  // Visible ASCII only; the value itself goes into no message.
  if (/^[\x21-\x7e]+$/.test(text) && text.length <= maxTokenChars) return text;
  throw new TulleError('TOKEN_FILE', `the token file ${file} does not hold one token`, {
    source: 'config',
    isRetryable: true,
  });
}

function signFailure(reason: string, cause: unknown): TulleError {
  return new TulleError('SIGN_CERTIFICATE', `the control plane signed no certificate: ${reason}`, {
    source: 'control-plane',
    isRetryable: true,
    cause,
  });
}
