import { EnvReader } from '@tulle/runtime';
import { type Cidr, parseCidr } from './cidr.ts';

export const captureBackendNames = ['iptables-nft', 'iptables-legacy', 'nft'] as const;
export type CaptureBackendName = (typeof captureBackendNames)[number];

const backendChoices = ['auto', ...captureBackendNames] as const;
const ipv6Choices = ['auto', 'on', 'off'] as const;

/** What of a pod's TCP is captured. */
export interface CaptureSettings {
  /** Where the sidecar takes what the application sends, and what is sent to the application. */
  readonly outboundPort: number;
  readonly inboundPort: number;
  /** Whose own traffic is never captured: the sidecar's. */
  readonly proxyUid: number;
  readonly proxyGid: number;
  readonly excludedInboundPorts: readonly PortRange[];
  readonly excludedOutboundPorts: readonly PortRange[];
  readonly excludedOutboundCidrs: readonly Cidr[];
  /** Not empty: nothing else is captured of what the application sends. */
  readonly includedOutboundCidrs: readonly Cidr[];
  readonly backend: (typeof backendChoices)[number];
  /** `auto`: where the pod has IPv6. */
  readonly ipv6: (typeof ipv6Choices)[number];
}

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

type Env = Readonly<Record<string, string | undefined>>;

const highestPort = 65_535;
/** The highest is (uid_t) -1, which is nobody's. */
const highestId = 4_294_967_294;
/** Each is a rule; all of them have to fit into one argument of nft. */
const maxListed = 128;

/** Reads `TULLE_*`, of which the ports are the sidecar's own settings; throws with every fault that was met. */
export function readCaptureSettings(env: Env): CaptureSettings {
  const reader = new EnvReader(env);
  const port = (name: string, fallback: number) =>
    reader.integer(name, fallback, { min: 1, max: highestPort });
  const id = (name: string, fallback: number) => reader.integer(name, fallback, { min: 1, max: highestId });
  const ports = (name: string) =>
    reader.list(name, parsePorts, { form: 'a port or a range of ports (9000-9010)', max: maxListed });
  const cidrs = (name: string) =>
    reader.list(name, parseCidr, { form: 'a block of addresses (10.0.0.0/8, fd00::/8)', max: maxListed });
  const outboundPort = port('TULLE_OUTBOUND_PORT', 15_001);
  const inboundPort = port('TULLE_INBOUND_PORT', 15_006);
  if (outboundPort === inboundPort)
    reader.fault('TULLE_INBOUND_PORT', 'must not be the outbound port too: both are captured to their own');
  // Health, metrics and the mesh port answer for the sidecar itself. Its outbound port is not among them:
  // whoever dials that from outside comes to the inbound listener, which refuses it.
  const own = [port('TULLE_ADMIN_PORT', 15_000), port('TULLE_METRICS_PORT', 15_020), inboundPort];
  const proxyUid = id('TULLE_PROXY_UID', 1_337);
  const settings = {
    outboundPort,
    inboundPort,
    proxyUid,
    proxyGid: id('TULLE_PROXY_GID', proxyUid),
    excludedInboundPorts: [...own.map(single), ...ports('TULLE_EXCLUDED_INBOUND_PORTS')],
    excludedOutboundPorts: ports('TULLE_EXCLUDED_OUTBOUND_PORTS'),
    excludedOutboundCidrs: cidrs('TULLE_EXCLUDED_OUTBOUND_CIDRS'),
    includedOutboundCidrs: cidrs('TULLE_INCLUDED_OUTBOUND_CIDRS'),
    backend: reader.oneOf('TULLE_CAPTURE_BACKEND', backendChoices, 'auto'),
    ipv6: reader.oneOf('TULLE_CAPTURE_IPV6', ipv6Choices, 'auto'),
  };
  reader.finish();
  return settings;
}

function single(port: number): PortRange {
  return { first: port, last: port };
}

function parsePorts(text: string): PortRange | null {
  const match = /^([0-9]{1,5})(?:-([0-9]{1,5}))?$/.exec(text);
  if (match === null) return null;
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  return first >= 1 && first <= last && last <= highestPort ? { first, last } : null;
}
