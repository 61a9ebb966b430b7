/**
 * What is captured, as data; iptables-rules.ts and nftables-rules.ts write the same in their languages. Only the
 * first packet of a connection passes them: connections that stand when rules come or change stay as they are.
 * UDP and everything else that is not TCP is left alone; DNS over TCP is TCP, and captured like all of it.
 */
import type { CaptureSettings, PortRange } from './capture-settings.ts';
import type { AddressFamily, Cidr } from './cidr.ts';

export type CaptureMatch =
  | { readonly on: 'owner-uid' | 'owner-gid'; readonly id: number }
  | { readonly on: 'destination'; readonly cidr: Cidr }
  | { readonly on: 'destination-ports'; readonly ports: PortRange }
  | { readonly on: 'loopback-interface' }
  | { readonly on: 'all' };

export type CaptureVerdict =
  | { readonly do: 'return' }
  | { readonly do: 'enter-inbound' }
  | { readonly do: 'redirect'; readonly port: number };

export interface CaptureRule {
  readonly match: CaptureMatch;
  readonly verdict: CaptureVerdict;
}

/** Rules of one family, tried in order. */
export interface CaptureRules {
  /** For connections that processes of the pod open. */
  readonly outbound: readonly CaptureRule[];
  /** For those that come in to an address of the pod; what is routed through it is not among them. */
  readonly inbound: readonly CaptureRule[];
}

/**
 * Documentation addresses (RFC 5737, RFC 3849), which are nobody's: `outbound` is dialled to see whether outbound
 * capture works, and what dials `inbound` from inside passes the inbound rules as if it had come in.
 */
export const probeAddresses = {
  4: { outbound: '192.0.2.1', inbound: '192.0.2.2' },
  6: { outbound: '2001:db8::1', inbound: '2001:db8::2' },
} as const;

const pass: CaptureVerdict = { do: 'return' };

export function captureRules(settings: CaptureSettings, family: AddressFamily): CaptureRules {
  const { proxyUid, proxyGid, outboundPort, inboundPort } = settings;
  const ofFamily = (cidrs: readonly Cidr[]) => cidrs.filter((cidr) => cidr.family === family);
  const toPorts = (ports: PortRange): CaptureRule => ({
    match: { on: 'destination-ports', ports },
    verdict: pass,
  });
  const capture: CaptureVerdict = { do: 'redirect', port: outboundPort };
  const isAllIncluded = settings.includedOutboundCidrs.length === 0;
  const included: readonly CaptureMatch[] = isAllIncluded
    ? [{ on: 'all' }]
    : ofFamily(settings.includedOutboundCidrs).map((cidr) => ({ on: 'destination', cidr }));
  return {
    outbound: [
      // First: the sidecar's own connections, those to the local application at the pod's address among them.
      { match: { on: 'owner-uid', id: proxyUid }, verdict: pass },
      { match: { on: 'owner-gid', id: proxyGid }, verdict: pass },
      { match: { on: 'destination', cidr: inboundProbe(family) }, verdict: { do: 'enter-inbound' } },
      // Loopback, and the application that dials its own pod's address: neither leaves the pod.
      { match: { on: 'loopback-interface' }, verdict: pass },
      ...settings.excludedOutboundPorts.map(toPorts),
      ...ofFamily(settings.excludedOutboundCidrs).map(
        (cidr): CaptureRule => ({ match: { on: 'destination', cidr }, verdict: pass }),
      ),
      ...included.map((match): CaptureRule => ({ match, verdict: capture })),
    ],
    inbound: [
      ...settings.excludedInboundPorts.map(toPorts),
      { match: { on: 'all' }, verdict: { do: 'redirect', port: inboundPort } },
    ],
  };
}

function inboundProbe(family: AddressFamily): Cidr {
  return { family, address: probeAddresses[family].inbound, prefixLength: family === 4 ? 32 : 128 };
}
