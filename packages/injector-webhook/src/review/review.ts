/** What the API server asks: an AdmissionReview (admission.k8s.io/v1), as far as it is read. */
export interface ReviewRequest {
  readonly uid: string;
  readonly group: string;
  readonly kind: string;
  /** Empty: the object itself. */
  readonly subResource: string;
  /** Empty for kinds of the whole cluster. */
  readonly namespace: string;
  /** Empty where the API server is still to make one of `metadata.generateName`. */
  readonly name: string;
  readonly operation: 'CREATE' | 'UPDATE' | 'DELETE' | 'CONNECT';
  readonly isDryRun: boolean;
  readonly object: unknown;
  readonly oldObject: unknown;
}

export type ReviewOutcome = 'injected' | 'skipped' | 'denied' | 'allowed';

export interface ReviewAnswer {
  readonly outcome: ReviewOutcome;
  /** Why, in a word: for metrics and the log. */
  readonly reason: string;
  /** For whoever wrote the object; null: it is allowed. */
  readonly denial: string | null;
  readonly patch: readonly object[];
  readonly warnings: readonly string[];
  /** For the audit log; the API server puts the webhook's name before each key. */
  readonly audit: Readonly<Record<string, string>>;
  /** Somebody should hear of it; never of a dry run. */
  readonly event: ReviewEvent | null;
}

export interface ReviewEvent {
  readonly regarding: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly metadata: { readonly name: string; readonly namespace: string; readonly uid?: string };
  };
  readonly reason: string;
  readonly note: string;
}

export const allowed: ReviewAnswer = {
  outcome: 'allowed',
  reason: 'fine',
  denial: null,
  patch: [],
  warnings: [],
  audit: {},
  event: null,
};
