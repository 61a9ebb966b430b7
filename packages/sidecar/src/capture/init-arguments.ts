/** The command line of the init program: what to do, and settings, each of which is also a variable. */

export type InitAction = 'apply' | 'dry-run' | 'check' | 'clean-up' | 'help';

export interface InitArguments {
  readonly action: InitAction;
  /** Variables that flags set, over those of the environment. */
  readonly env: Readonly<Record<string, string>>;
  readonly faults: readonly string[];
}

const actions: Readonly<Record<string, { action: InitAction; help: string }>> = {
  '--dry-run': { action: 'dry-run', help: 'print the rules and change nothing; needs no privilege' },
  '--check': {
    action: 'check',
    help: 'prove from inside that capture works; exits 1 and says why where not',
  },
  '--clean-up': { action: 'clean-up', help: 'remove all rules of Tulle, of whatever backend, and no other' },
  '--help': { action: 'help', help: 'print this' },
};

const options: Readonly<Record<string, { variable: string; help: string }>> = {
  '--outbound-port': {
    variable: 'TULLE_OUTBOUND_PORT',
    help: 'where the sidecar takes outbound connections (15001)',
  },
  '--inbound-port': { variable: 'TULLE_INBOUND_PORT', help: 'where it takes inbound ones (15006)' },
  '--admin-port': { variable: 'TULLE_ADMIN_PORT', help: 'never captured inbound (15000)' },
  '--metrics-port': { variable: 'TULLE_METRICS_PORT', help: 'never captured inbound (15020)' },
  '--proxy-uid': {
    variable: 'TULLE_PROXY_UID',
    help: "the sidecar's user, whose connections are never captured (1337)",
  },
  '--proxy-gid': { variable: 'TULLE_PROXY_GID', help: 'its group, likewise (the number of the user)' },
  '--excluded-inbound-ports': {
    variable: 'TULLE_EXCLUDED_INBOUND_PORTS',
    help: 'ports of the application: 22,9000-9010',
  },
  '--excluded-outbound-ports': { variable: 'TULLE_EXCLUDED_OUTBOUND_PORTS', help: 'destination ports: 5432' },
  '--excluded-outbound-cidrs': {
    variable: 'TULLE_EXCLUDED_OUTBOUND_CIDRS',
    help: 'destinations: 10.0.0.0/8,fd00::/8',
  },
  '--included-outbound-cidrs': {
    variable: 'TULLE_INCLUDED_OUTBOUND_CIDRS',
    help: 'capture only these destinations',
  },
  '--backend': {
    variable: 'TULLE_CAPTURE_BACKEND',
    help: 'auto (default), iptables-nft, iptables-legacy or nft',
  },
  '--ipv6': { variable: 'TULLE_CAPTURE_IPV6', help: 'auto (default: where the pod has IPv6), on or off' },
};

export function parseInitArguments(argv: readonly string[]): InitArguments {
  const env: Record<string, string> = {};
  const faults: string[] = [];
  const asked = new Set<InitAction>();
  for (let i = 0; i < argv.length; i++) {
    const [flag = '', ...rest] = argv[i]!.split('=');
    const option = Object.hasOwn(options, flag) ? options[flag] : undefined;
    if (option !== undefined) {
      const value = rest.length > 0 ? rest.join('=') : argv[++i];
      if (value === undefined) faults.push(`${flag}: needs a value`);
      else env[option.variable] = value;
    } else if (Object.hasOwn(actions, argv[i]!)) asked.add(actions[argv[i]!]!.action);
    else faults.push(`${argv[i]}: is no option; --help lists them`);
  }
  if (asked.has('help')) return { action: 'help', env, faults: [] };
  if (asked.size > 1)
    faults.push(`${[...asked].map((action) => `--${action}`).join(' and ')}: one at a time`);
  return { action: [...asked][0] ?? 'apply', env, faults };
}

export function initHelp(): string {
  const rows = [
    ...Object.entries(actions).map(([flag, { help }]) => [flag, help] as const),
    ...Object.entries(options).map(
      ([flag, { variable, help }]) => [`${flag} VALUE`, `${help}; ${variable}`] as const,
    ),
  ];
  const lines = rows.map(([flag, help]) => `  ${flag.padEnd(34)}${help}`);
  return `Programs netfilter so that all TCP of this network namespace passes the sidecar.

Without an option it makes the rules, or replaces those that stand. It needs NET_ADMIN.

${lines.join('\n')}

Exit codes: 0 done, 1 failed or the check found a fault, 2 invalid settings, 3 not permitted.
`;
}
