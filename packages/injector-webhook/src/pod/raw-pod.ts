/**
 * A pod as JSON has it, with the fields that injection looks at; everything else is carried along untouched.
 * read-pod.ts has checked that what is named here has this form.
 */
export interface RawPod {
  readonly metadata?: RawMetadata;
  readonly spec: RawPodSpec;
  readonly [field: string]: unknown;
}

export interface RawMetadata {
  readonly name?: string;
  readonly generateName?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ownerReferences?: readonly RawOwner[];
  readonly [field: string]: unknown;
}

export interface RawOwner {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
  readonly controller?: boolean;
}

export interface RawPodSpec {
  readonly containers: readonly RawContainer[];
  readonly initContainers?: readonly RawContainer[];
  readonly volumes?: readonly RawNamed[];
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
  readonly [field: string]: unknown;
}

export interface RawPort {
  readonly containerPort: number;
  readonly name?: string;
  readonly protocol?: string;
}
