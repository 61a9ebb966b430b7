/**
 * A pod as JSON has it, with the fields that injection looks at; everything else is carried along untouched.
 * read-pod.ts has checked that what is named here has this form.
 */
export interface RawPod {
  readonly metadata?: RawMetadata;
  readonly spec: RawPodSpec;
  readonly status?: { readonly phase?: string };
  readonly [field: string]: unknown;
}

export interface RawMetadata {
  readonly name?: string;
  readonly generateName?: string;
  readonly labels?: TextMap;
  readonly annotations?: TextMap;
  readonly [field: string]: unknown;
}

export type TextMap = Readonly<Record<string, string>>;

export interface RawPodSpec {
  readonly containers: readonly RawContainer[];
  readonly initContainers?: readonly RawContainer[];
  readonly volumes?: readonly RawNamed[];
  readonly hostNetwork?: boolean;
  readonly restartPolicy?: string;
  readonly dnsPolicy?: string;
  readonly terminationGracePeriodSeconds?: number;
  readonly os?: { readonly name?: string };
  readonly nodeSelector?: TextMap;
  readonly securityContext?: RawSecurityContext;
  readonly resources?: RawResources;
  readonly [field: string]: unknown;
}

export interface RawNamed {
  readonly name: string;
  readonly [field: string]: unknown;
}

export interface RawContainer extends RawNamed {
  readonly ports?: readonly RawPort[];
  readonly env?: readonly RawNamed[];
  readonly restartPolicy?: string;
  readonly securityContext?: RawSecurityContext;
  readonly resources?: RawResources;
  readonly livenessProbe?: RawProbe;
  readonly readinessProbe?: RawProbe;
  readonly startupProbe?: RawProbe;
  readonly lifecycle?: RawLifecycle;
}

export interface RawLifecycle {
  readonly postStart?: RawProbe;
  readonly preStop?: RawProbe;
  readonly [field: string]: unknown;
}

/** A probe, or a handler of lifecycle. */
export interface RawProbe {
  readonly httpGet?: RawHttpGet;
  readonly tcpSocket?: { readonly port: number | string; readonly host?: string };
  readonly grpc?: { readonly port: number; readonly service?: string | null };
  readonly timeoutSeconds?: number;
  readonly [field: string]: unknown;
}

export interface RawHttpGet {
  readonly port: number | string;
  readonly path?: string;
  readonly scheme?: string;
  readonly host?: string;
  readonly httpHeaders?: readonly { readonly name: string; readonly value: string }[];
}

export interface RawPort {
  readonly containerPort: number;
  readonly name?: string;
  readonly protocol?: string;
}

export interface RawSecurityContext {
  readonly runAsUser?: number;
  readonly runAsGroup?: number;
  readonly [field: string]: unknown;
}

export interface RawResources {
  readonly requests?: Readonly<Record<string, string | number>>;
  readonly limits?: Readonly<Record<string, string | number>>;
  readonly [field: string]: unknown;
}
