import { Client, credentials, Metadata, type ServiceError, status } from '@grpc/grpc-js';
import { formatAddress, type GrpcTarget, type ProbeContext, type ProbeOutcome } from './probe.ts';

const method = '/grpc.health.v1.Health/Check';
const servingStatuses = ['UNKNOWN', 'SERVING', 'NOT_SERVING', 'SERVICE_UNKNOWN'] as const;

/** One call on a channel of its own, whatever the environment says of proxies. */
const channelOptions = {
  'grpc.enable_http_proxy': 0,
  'grpc.enable_retries': 0,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.service_config_disable_resolution': 1,
  'grpc.max_receive_message_length': 1_024,
  'grpc.primary_user_agent': 'kube-probe/tulle',
};

/** Asks the standard health service, over HTTP/2 without TLS, as kubelet's gRPC probe. */
export function probeGrpc(
  { port, service }: GrpcTarget,
  { host, deadlineMs }: ProbeContext,
): Promise<ProbeOutcome> {
  const client = new Client(formatAddress(host, port), credentials.createInsecure(), channelOptions);
  return new Promise((resolve) => {
    client.makeUnaryRequest(
      method,
      encodeRequest,
      decodeResponse,
      service,
      new Metadata(),
      { deadline: deadlineMs },
      (error, answer) => {
        client.close();
        resolve(error === null ? outcomeOf(answer) : outcomeOfError(error, service));
      },
    );
  });
}

function outcomeOf(answer: number | undefined): ProbeOutcome {
  const name = servingStatuses[answer ?? 0] ?? `status ${answer}`;
  const text = `the health service answers ${name}`;
  return name === 'SERVING' ? { kind: 'success', text } : { kind: 'failure', status: 503, text };
}

function outcomeOfError({ code, details }: ServiceError, service: string): ProbeOutcome {
  switch (code) {
    case status.DEADLINE_EXCEEDED:
      return { kind: 'timeout', text: 'no answer in time' };
    case status.UNIMPLEMENTED: {
      const text = 'the server does not implement the gRPC health protocol (grpc.health.v1.Health)';
      return { kind: 'failure', status: 501, text };
    }
    case status.NOT_FOUND: {
      const text = `the health service does not know the service ${JSON.stringify(service)}`;
      return { kind: 'failure', status: 404, text };
    }
    case status.UNAVAILABLE:
      return {
        kind: 'unanswered',
        text: `UNAVAILABLE: ${details.replace(/ \([0-9T:.Z-]+\)\. Resolution note: .*$/, '')}`,
      };
    default:
      return { kind: 'failure', status: 503, text: `the health service answers ${status[code]}` };
  }
}

/** `HealthCheckRequest { string service = 1; }` (grpc.health.v1). */
function encodeRequest(service: string): Buffer {
  if (service === '') return Buffer.alloc(0);
  const text = Buffer.from(service);
  return Buffer.concat([Buffer.from([0x0a, ...varint(text.length)]), text]);
}

/** `HealthCheckResponse { ServingStatus status = 1; }`; absent means 0. */
function decodeResponse(message: Buffer): number {
  return message.length === 2 && message[0] === 0x08 ? message[1]! : 0;
}

function varint(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}
