/** A real IdentityService behind real TLS, and what a test may change about it. */
import 'reflect-metadata';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as x509 from '@peculiar/x509';
import { generateKeyPair, signingAlgorithm } from '@tulle/certificates';
import { createLogger, type Logger, MetricsRegistry, systemClock } from '@tulle/runtime';
import { addGrpcService, IdentityService } from '@tulle/xds';
import { clientIdentity } from '../src/grpc/client-identity.ts';
import { GrpcServer } from '../src/grpc/grpc-server.ts';
import { TlsServerCredentials } from '../src/grpc/tls-server-credentials.ts';
import type { Authenticator } from '../src/identity/authenticator.ts';
import { CertificateAuthority } from '../src/identity/certificate-authority.ts';
import { FileAuthorityStore } from '../src/identity/file-authority-store.ts';
import { createIdentityMetrics } from '../src/identity/identity-metrics.ts';
import { createIdentityService, type IdentityLimits } from '../src/identity/identity-service.ts';
import { ServerCertificate } from '../src/identity/server-certificate.ts';
import { TokenFileAuthenticator } from '../src/identity/token-file-authenticator.ts';

export const serverName = 'tulle-control-plane.tulle-system.svc';

const trustDomain = 'cluster.local';
const clock = systemClock;

/** Reads `tokens.yaml` in the directory, and keeps the authority's state under it. */
export async function startIdentityServer(directory: string) {
  const log: Record<string, unknown>[] = [];
  const logger = createLogger({ level: 'debug', write: (line) => log.push(JSON.parse(line)) });
  const stateDir = join(directory, 'state');
  const leafTtlSeconds = 3_600;
  const authority = await CertificateAuthority.open({
    store: new FileAuthorityStore(stateDir),
    trustDomain,
    leafTtlSeconds,
    clock,
    logger,
  });
  let current = await issueServerCertificate(authority, logger);
  const material = () => ({
    certificatePem: current.certificate.chainPem,
    privateKeyPem: current.privateKeyPem,
    rootsPem: authority.current.rootsPem,
  });
  const seen: unknown[] = [];
  const tls = new TlsServerCredentials(material());
  const tokens = new TokenFileAuthenticator({ path: join(directory, 'tokens.yaml'), clock, logger });
  const registry = new MetricsRegistry();
  const metrics = createIdentityMetrics(registry);
  const listen = ({ limits = {}, authenticator = tokens }: RestartOptions) => {
    const service = createIdentityService({ authority, authenticator, metrics, logger, clock, limits });
    return listenGrpc(service, tls, seen);
  };
  let server = await listen({});
  return {
    log,
    /** Who the client of each call was, by its certificate. */
    seen,
    metrics: registry,
    material,
    credentials: tls,
    rootPem: await readFile(join(stateDir, 'root.pem'), 'utf8'),
    get port() {
      return server.port!;
    },
    async renew() {
      current = await issueServerCertificate(authority, logger);
      tls.replace(material());
    },
    async restart(options: RestartOptions) {
      await server.stop(0);
      server = await listen(options);
    },
    stop: () => server.stop(0),
  };
}

interface RestartOptions {
  readonly limits?: Partial<IdentityLimits>;
  readonly authenticator?: Authenticator;
}

async function issueServerCertificate(authority: CertificateAuthority, logger: Logger) {
  const made = new ServerCertificate({
    authority,
    identity: { trustDomain, namespace: 'tulle-system', serviceAccount: 'tulle-control-plane' },
    dnsNames: [serverName, 'localhost'],
    clock,
    random: Math.random,
    logger,
  });
  await made.start();
  await made.stop();
  return made.current!;
}

async function listenGrpc(
  service: ReturnType<typeof createIdentityService>,
  tls: TlsServerCredentials,
  seen: unknown[],
): Promise<GrpcServer> {
  const server = new GrpcServer({
    host: '127.0.0.1',
    port: 0,
    credentials: () => tls,
    register: (grpc) =>
      addGrpcService(grpc, IdentityService, {
        signCertificate(call, callback) {
          seen.push(clientIdentity(call, { trustDomain, nowMs: clock.nowMs() }));
          service.signCertificate(call, callback);
        },
      }),
    options: {},
    clock,
  });
  await server.start();
  return server;
}

/** A signing request in DER, and the key that it is for. */
export async function createRequest(name = '') {
  const { keys, privateKeyPem } = await generateKeyPair();
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ keys, signingAlgorithm, name });
  return { csrDer: new Uint8Array(request.rawData), privateKeyPem };
}
