/** What kubelet would have asked the application itself, had it not been led to the sidecar. */
export type ProbeTarget =
  | {
      readonly kind: 'http';
      readonly port: number;
      /** With its query. */
      readonly path: string;
      readonly scheme: 'HTTP' | 'HTTPS';
      /** Another host than the pod; null: the pod. */
      readonly host: string | null;
      readonly headers: readonly ProbeHeader[];
    }
  | { readonly kind: 'grpc'; readonly port: number; readonly service: string }
  | { readonly kind: 'tcp'; readonly port: number };

export type HttpTarget = Extract<ProbeTarget, { kind: 'http' }>;
export type GrpcTarget = Extract<ProbeTarget, { kind: 'grpc' }>;
export type TcpTarget = Extract<ProbeTarget, { kind: 'tcp' }>;

export interface ProbeHeader {
  readonly name: string;
  readonly value: string;
}

export const probeKinds = ['liveness', 'readiness', 'startup', 'post-start', 'pre-stop'] as const;
export type ProbeKind = (typeof probeKinds)[number];

export interface Probe {
  /** `<container>/<kind>`. */
  readonly name: string;
  readonly kind: ProbeKind;
  readonly target: ProbeTarget;
  readonly timeoutMs: number;
}

/** What became of a probe; `text` is for people, and holds nothing that the application has written. */
export type ProbeOutcome =
  | { readonly kind: 'success'; readonly text: string }
  /** `status` is all that kubelet passes on to operators. */
  | { readonly kind: 'failure'; readonly text: string; readonly status: number }
  /** The application gave no answer that could be understood. */
  | { readonly kind: 'unanswered'; readonly text: string }
  | { readonly kind: 'timeout'; readonly text: string };

/** What a probe is made with. */
export interface ProbeContext {
  /** The pod's address. */
  readonly host: string;
  /** Since the epoch. */
  readonly deadlineMs: number;
  /** Aborted at the deadline; what a probe then tells is not heard any more. */
  readonly signal: AbortSignal;
}

export function isHook(kind: ProbeKind): boolean {
  return kind === 'post-start' || kind === 'pre-stop';
}

/** `10.0.0.1:80`, `[fd00::1]:80`. */
export function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
