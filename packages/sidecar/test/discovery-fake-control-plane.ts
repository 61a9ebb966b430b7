import { create } from '@bufbuild/protobuf';
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServerUnaryCall,
  type sendUnaryData,
  status,
} from '@grpc/grpc-js';
import { createTestAuthority, type TestAuthority } from '@tulle/testkit';
import {
  AggregatedDiscoveryService,
  addGrpcService,
  type DeltaDiscoveryRequest,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
  IdentityService,
  type Resource,
  type SignCertificateRequest,
  type SignCertificateResponse,
  SignCertificateResponseSchema,
} from '@tulle/xds';
import { FakeSigner } from '../src/identity/testing/fake-signer.ts';

type SignCall = ServerUnaryCall<SignCertificateRequest, SignCertificateResponse | Buffer>;
type AdsCall = ServerDuplexStream<DeltaDiscoveryRequest, DeltaDiscoveryResponse | Buffer>;

/** Asks for a client certificate without insisting, as the control plane does. */
class TestServerCredentials extends ServerCredentials {
  override _equals(other: ServerCredentials): boolean {
    return this === other;
  }
}

/** The control plane as a sidecar meets it: gRPC over TLS, with its answers given by hand. */
export class FakeControlPlane {
  readonly signer: FakeSigner;
  /** Of its server certificate, from the next start on. */
  authority: TestAuthority;
  readonly requests: DeltaDiscoveryRequest[] = [];
  readonly tokens: string[] = [];
  token = 'secret-1';
  port = 0;
  /** While set, each subscription is answered with it; null: what was asked for does not exist. */
  answer: ((typeUrl: string, name: string) => Resource | null) | null = null;
  #nonces = 0;
  #server: Server | null = null;
  #streams: AdsCall[] = [];

  private constructor(authority: TestAuthority, signer: FakeSigner) {
    this.authority = authority;
    this.signer = signer;
  }

  static async create(): Promise<FakeControlPlane> {
    const [authority, signer] = await Promise.all([
      createTestAuthority(),
      FakeSigner.create({ nowMs: () => Date.now() - 1_000, lifetimeMs: 3_600_000 }),
    ]);
    return new FakeControlPlane(authority, signer);
  }

  /** Listens; on the port of an earlier start if there was one. */
  async start(dnsName = 'tulle-control-plane.tulle-system.svc'): Promise<void> {
    const { certificatePem, privateKeyPem } = await this.authority.issue({ dnsNames: [dnsName] });
    const credentials = new TestServerCredentials(
      { requestCert: true, rejectUnauthorized: false },
      { cert: certificatePem, key: privateKeyPem, ca: this.signer.rootPem },
    );
    const server = new Server();
    addGrpcService(server, IdentityService, {
      signCertificate: (call, done) => void this.#sign(call, done),
    });
    addGrpcService(server, AggregatedDiscoveryService, {
      deltaAggregatedResources: (call) => this.#serve(call),
    });
    this.port = await new Promise<number>((resolve, reject) =>
      server.bindAsync(`127.0.0.1:${this.port}`, credentials, (error, port) =>
        error === null ? resolve(port) : reject(error),
      ),
    );
    this.#server = server;
  }

  /** As a crash: connections are cut. */
  stop(): void {
    this.#server?.forceShutdown();
    this.#server = null;
    this.#streams = [];
  }

  respond(typeUrl: string, nonce: string, answer: Partial<DeltaDiscoveryResponse>): void {
    const response = Object.assign(create(DeltaDiscoveryResponseSchema, { typeUrl, nonce }), answer);
    for (const stream of this.#streams) stream.write(response);
  }

  async #sign(call: SignCall, done: sendUnaryData<SignCertificateResponse | Buffer>): Promise<void> {
    const bearer = String(call.metadata.get('authorization')[0] ?? '');
    this.tokens.push(bearer);
    if (bearer !== `Bearer ${this.token}`) {
      done({ code: status.UNAUTHENTICATED, details: 'the token is not known', metadata: new Metadata() });
      return;
    }
    const { chainDer, rootsDer } = await this.signer.sign(call.request.csrDer);
    done(
      null,
      create(SignCertificateResponseSchema, {
        certificateChainDer: [...chainDer],
        trustRootsDer: [...rootsDer],
        spiffeId: this.signer.spiffeId,
      }),
    );
  }

  #serve(call: AdsCall): void {
    call.on('error', () => {});
    if (call.getAuthContext().sslPeerCertificate === undefined) {
      call.emit('error', { code: status.UNAUTHENTICATED, details: 'no verified certificate' });
      return;
    }
    this.#streams.push(call);
    call.sendMetadata(new Metadata());
    call.on('data', (request: DeltaDiscoveryRequest) => {
      this.requests.push(request);
      this.#answer(call, request);
    });
    call.on('end', () => call.end());
  }

  #answer(call: AdsCall, { typeUrl, resourceNamesSubscribe }: DeltaDiscoveryRequest): void {
    const { answer } = this;
    if (answer === null || resourceNamesSubscribe.length === 0) return;
    const response = create(DeltaDiscoveryResponseSchema, { typeUrl, nonce: `auto-${++this.#nonces}` });
    for (const name of resourceNamesSubscribe) {
      const resource = answer(typeUrl, name);
      if (resource === null) response.removedResources.push(name);
      else response.resources.push(resource);
    }
    call.write(response);
  }
}
