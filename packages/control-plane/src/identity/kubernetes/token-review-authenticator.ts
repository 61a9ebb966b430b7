import { clientReasons, type KubernetesClient, KubernetesError } from '@tulle/kubernetes';
import { type Clock, TulleError } from '@tulle/runtime';
import type { AuthenticationResult, Authenticator } from '../authenticator.ts';
import { parseTokenReview } from './parse-token-review.ts';
import type { TokenReviewMetrics } from './token-review-metrics.ts';

export interface TokenReviewOptions {
  readonly client: Pick<KubernetesClient, 'request'>;
  readonly metrics: TokenReviewMetrics;
  readonly clock: Clock;
  readonly limits?: Partial<TokenReviewLimits>;
}

export interface TokenReviewLimits {
  /** Reviews under way at once; whoever comes beyond is told to try again. */
  readonly maxConcurrent: number;
  /** Less than a sidecar waits for its answer. */
  readonly deadlineMs: number;
}

/** What tokens for sidecars are made out for. */
const audience = 'tulle';
const path = '/apis/authentication.k8s.io/v1/tokenreviews';
/** One of a kubelet is some 1,200. */
const maxTokenChars = 16_384;
const defaultLimits: TokenReviewLimits = { maxConcurrent: 64, deadlineMs: 5_000 };

/**
 * Asks the API server whose a token is. Nothing is remembered here: a workload asks for a certificate twice a day, so
 * that a token is hardly seen twice, and the API server itself remembers what it accepted for ten seconds.
 */
export class TokenReviewAuthenticator implements Authenticator {
  readonly #options: TokenReviewOptions;
  readonly #limits: TokenReviewLimits;
  #underWay = 0;

  constructor(options: TokenReviewOptions) {
    this.#options = options;
    this.#limits = { ...defaultLimits, ...options.limits };
  }

  async authenticate(token: string): Promise<AuthenticationResult> {
    const { metrics, clock } = this.#options;
    if (token.length > maxTokenChars) return { kind: 'refused', reason: 'the token is too long' };
    const startMs = clock.monotonicMs();
    try {
      const result = await this.#review(token);
      metrics.reviews.with(result.kind).inc();
      return result;
    } catch (thrown) {
      metrics.reviews.with('failed').inc();
      throw thrown;
    } finally {
      metrics.duration.with().observe((clock.monotonicMs() - startMs) / 1_000);
    }
  }

  async #review(token: string): Promise<AuthenticationResult> {
    const { client } = this.#options;
    const { maxConcurrent, deadlineMs } = this.#limits;
    if (this.#underWay >= maxConcurrent) {
      throw new TulleError('TOKEN_REVIEW', `${maxConcurrent} token reviews are under way: try again later`, {
        source: 'internal',
        isRetryable: true,
      });
    }
    this.#underWay++;
    try {
      const body = {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenReview',
        spec: { token, audiences: [audience] },
      };
      const ask = () => client.request({ method: 'POST', path, body, deadlineMs });
      return parseTokenReview(await ask().catch((thrown) => onceMore(thrown, ask)), audience);
    } finally {
      this.#underWay--;
    }
  }
}

/** The connection of an earlier review was closed meanwhile. To review twice is the same as once. */
function onceMore<T>(thrown: unknown, ask: () => Promise<T>): Promise<T> {
  if (thrown instanceof KubernetesError && thrown.reason === clientReasons.stale) return ask();
  throw thrown;
}
