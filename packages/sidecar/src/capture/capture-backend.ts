import { TulleError } from '@tulle/runtime';
import type { CaptureRules } from './capture-rules.ts';
import type { CaptureBackendName } from './capture-settings.ts';
import type { AddressFamily } from './cidr.ts';
import type { CommandResult } from './run-command.ts';

/** One way to program netfilter. What fails throws TulleError `CAPTURE_NOT_PROGRAMMED` with what to do. */
export interface CaptureBackend {
  readonly name: CaptureBackendName;
  /** What apply() would feed to which program on a clean namespace, for a person to read. */
  describe(rules: CaptureRules, family: AddressFamily): string;
  /** Each rule as a text, in the form in which `standing` has them. */
  expected(rules: CaptureRules, family: AddressFamily): readonly string[];
  /** Those of ours that stand. */
  standing(family: AddressFamily): Promise<readonly string[]>;
  /** Replaces ours, in one step. */
  apply(rules: CaptureRules, family: AddressFamily): Promise<void>;
  /** Removes ours and no other; false where none stood. */
  remove(family: AddressFamily): Promise<boolean>;
}

export function notProgrammed(what: string, { code, stderr }: CommandResult): TulleError {
  const said = stderr.trim().split('\n').slice(-3).join(' ');
  const outcome = code === null ? 'failed' : `ended with ${code}`;
  return new TulleError('CAPTURE_NOT_PROGRAMMED', `${what} ${outcome}: ${said}${remedy(said)}`, {
    source: 'internal',
  });
}

const remedies = [
  {
    pattern: /permission denied|operation not permitted|you must be root/i,
    text: 'it needs root and the capability NET_ADMIN (securityContext: runAsUser 0, capabilities add NET_ADMIN)',
  },
  {
    pattern: /ENOENT/,
    text: 'install it, set TULLE_CAPTURE_BACKEND to one that the image has, or TULLE_CAPTURE_IPV6=off if only IPv6 lacks it',
  },
  {
    pattern: /unable to initialize table|does not exist|missing kernel module|not supported|no such file/i,
    text: "the node's kernel lacks it: try another TULLE_CAPTURE_BACKEND, or load the modules for NAT of this family",
  },
  {
    pattern: /xtables\.lock|xtables lock/i,
    text: 'another program holds the lock, or /run cannot be written: wait, or mount an emptyDir on /run',
  },
];

function remedy(said: string): string {
  const known = remedies.find(({ pattern }) => pattern.test(said));
  return known === undefined ? '' : `; ${known.text}`;
}
