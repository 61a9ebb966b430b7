import type { TrustBundle } from '@tulle/model';

/** Where the roots come from that peers are verified against. */
export interface TrustBundleSource {
  readonly current: TrustBundle;
  /** Called after each replacement; the returned function ends it. */
  onChange(listener: (bundle: TrustBundle) => void): () => void;
}
