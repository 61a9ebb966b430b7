import { assertNever } from '@tulle/model';
import type { CaptureMatch, CaptureRule, CaptureRules, CaptureVerdict } from './capture-rules.ts';
import { cidrText } from './cidr.ts';

/** Whatever chain begins like this is ours, also of a version that had others. */
const ownPrefix = 'TULLE_';
const inboundChain = `${ownPrefix}INBOUND`;
const outboundChain = `${ownPrefix}OUTBOUND`;

const firstPacket = '-p tcp -m tcp --tcp-flags FIN,SYN,RST,ACK SYN';
const entries = [
  // What is routed through the pod, to a virtual machine or a nested container, is not the application's.
  { chain: 'PREROUTING', rule: `${firstPacket} -m addrtype --dst-type LOCAL -j ${inboundChain}` },
  { chain: 'OUTPUT', rule: `${firstPacket} -j ${outboundChain}` },
];

/** One line a rule, as iptables-save prints them, so that what stands can be compared with what should. */
export function iptablesRules(rules: CaptureRules): readonly string[] {
  return [
    ...entries.map(({ chain, rule }) => `-A ${chain} ${rule}`),
    ...rules.inbound.map((rule) => ruleLine(inboundChain, rule)),
    ...rules.outbound.map((rule) => ruleLine(outboundChain, rule)),
  ];
}

/**
 * What `iptables-restore --noflush` makes the rules from, in one step, whatever of ours stands in `saved`
 * (iptables-save of the table nat). Ours come before others' rules: the first to translate a connection decides.
 */
export function iptablesApplyText(rules: CaptureRules, saved: string): string {
  const chains = [inboundChain, outboundChain];
  const stale = ownChains(saved).filter((chain) => !chains.includes(chain));
  return restoreText([
    ...[...chains, ...stale].map((chain) => `:${chain} - [0:0]`),
    ...jumpsToOwn(saved).map(asDeletion),
    ...stale.map((chain) => `-X ${chain}`),
    ...iptablesRules(rules).map((line) => line.replace(/^-A (PREROUTING|OUTPUT) /, '-I $1 1 ')),
  ]);
}

/** What removes all of ours and nothing else; null where nothing of ours stands. */
export function iptablesRemoveText(saved: string): string | null {
  const chains = ownChains(saved);
  if (chains.length === 0) return null;
  return restoreText([
    // To declare a chain flushes it: then none is in another's use.
    ...chains.map((chain) => `:${chain} - [0:0]`),
    ...jumpsToOwn(saved).map(asDeletion),
    ...chains.map((chain) => `-X ${chain}`),
  ]);
}

/** The lines of iptables-save that are ours: rules in our chains, and those that lead there. */
export function ownIptablesRules(saved: string): readonly string[] {
  return ruleLines(saved).filter((line) => chainOf(line).startsWith(ownPrefix) || leadsToOwn(line));
}

/** Rules of others, who get their say only after ours, but with whom one backend should be shared. */
export function foreignIptablesRules(saved: string): readonly string[] {
  const own = new Set(ownIptablesRules(saved));
  return ruleLines(saved).filter((line) => !own.has(line));
}

function ruleLine(chain: string, { match, verdict }: CaptureRule): string {
  const { network = '', detail = '' } = matchText(match);
  const isTcp = detail.startsWith('-m tcp') || verdict.do === 'redirect';
  const parts = [`-A ${chain}`, network, isTcp ? '-p tcp' : '', detail, `-j ${verdictText(verdict)}`];
  return parts.filter((part) => part !== '').join(' ');
}

/** What iptables-save prints before the protocol, and what after it. */
function matchText(match: CaptureMatch): { network?: string; detail?: string } {
  switch (match.on) {
    case 'owner-uid':
      return { detail: `-m owner --uid-owner ${match.id}` };
    case 'owner-gid':
      return { detail: `-m owner --gid-owner ${match.id}` };
    case 'destination':
      // Nothing is printed of a block that holds every address.
      return match.cidr.prefixLength === 0 ? {} : { network: `-d ${cidrText(match.cidr)}` };
    case 'destination-ports': {
      const { first, last } = match.ports;
      return { detail: `-m tcp --dport ${first === last ? first : `${first}:${last}`}` };
    }
    case 'loopback-interface':
      return { network: '-o lo' };
    case 'all':
      return {};
    default:
      return assertNever(match);
  }
}

function verdictText(verdict: CaptureVerdict): string {
  switch (verdict.do) {
    case 'return':
      return 'RETURN';
    case 'enter-inbound':
      return inboundChain;
    case 'redirect':
      return `REDIRECT --to-ports ${verdict.port}`;
    default:
      return assertNever(verdict);
  }
}

function restoreText(lines: readonly string[]): string {
  return `${['*nat', ...lines, 'COMMIT'].join('\n')}\n`;
}

function ownChains(saved: string): readonly string[] {
  return saved.split('\n').flatMap((line) => {
    const name = /^:(\S+) /.exec(line)?.[1];
    return name?.startsWith(ownPrefix) ? [name] : [];
  });
}

function jumpsToOwn(saved: string): readonly string[] {
  return ruleLines(saved).filter((line) => leadsToOwn(line) && !chainOf(line).startsWith(ownPrefix));
}

function ruleLines(saved: string): readonly string[] {
  return saved.split('\n').filter((line) => line.startsWith('-A '));
}

function asDeletion(line: string): string {
  return line.replace(/^-A /, '-D ');
}

function chainOf(line: string): string {
  return line.split(' ', 2)[1] ?? '';
}

function leadsToOwn(line: string): boolean {
  return new RegExp(` -[jg] ${ownPrefix}`).test(line);
}
