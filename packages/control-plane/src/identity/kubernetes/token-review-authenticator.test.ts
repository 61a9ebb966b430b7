import { clientReasons, KubernetesError } from '@tulle/kubernetes';
import { MetricsRegistry } from '@tulle/runtime';
import { FakeClock } from '@tulle/testkit';
import { beforeEach, describe, expect, it } from 'vitest';
import { TokenReviewAuthenticator } from './token-review-authenticator.ts';
import { createTokenReviewMetrics } from './token-review-metrics.ts';

const token = 'header.payload.signature';
const pod = {
  'authentication.kubernetes.io/pod-name': ['web-1'],
  'authentication.kubernetes.io/pod-uid': ['b6eb02b6-363a-4ccb-afa5-b994ea719b04'],
};
const user = { username: 'system:serviceaccount:shop:web', extra: pod };
const accepted = { authenticated: true, audiences: ['tulle'], user };

type Request = { path: string; body?: unknown; deadlineMs?: number };

describe('TokenReviewAuthenticator', () => {
  let registry: MetricsRegistry;
  let requests: Request[];
  let answer: () => Promise<unknown>;

  beforeEach(() => {
    registry = new MetricsRegistry();
    requests = [];
  });

  const create = (limits = {}) =>
    new TokenReviewAuthenticator({
      client: {
        request: (request) => {
          requests.push(request);
          return answer();
        },
      },
      metrics: createTokenReviewMetrics(registry),
      clock: new FakeClock(),
      limits,
    });
  const review = (status: unknown) => {
    answer = async () => ({ kind: 'TokenReview', status });
    return create().authenticate(token);
  };

  it('asks for the audience of the mesh, and says whose the token is', async () => {
    expect(await review(accepted)).toEqual({
      kind: 'accepted',
      namespace: 'shop',
      serviceAccount: 'web',
      pod: 'web-1',
      podUid: 'b6eb02b6-363a-4ccb-afa5-b994ea719b04',
    });
    expect(requests).toMatchObject([
      {
        method: 'POST',
        path: '/apis/authentication.k8s.io/v1/tokenreviews',
        body: { spec: { token, audiences: ['tulle'] } },
        deadlineMs: 5_000,
      },
    ]);
    expect(registry.render()).toContain('tulle_token_reviews_total{result="accepted"} 1');
  });

  it.each<[string, unknown, RegExp]>([
    [
      'the API server refuses',
      { error: 'invalid bearer token' },
      /does not accept the token: invalid bearer/,
    ],
    ['the API server refuses without a word', {}, /does not accept the token: it gives no reason/],
    ['is said to be good in words only', { ...accepted, authenticated: 'true' }, /does not accept/],
    ['is for another audience', { ...accepted, audiences: ['vault'] }, /not for the audience tulle: mount/],
    ['is for no audience that is said', { ...accepted, audiences: undefined }, /not for the audience tulle/],
    ["is a user's", { ...accepted, user: { username: 'admin' } }, /not a service account's/],
    [
      'has a name that only looks like an account',
      { ...accepted, user: { ...user, username: 'system:serviceaccount:shop:web:x' } },
      /not a service account's/,
    ],
    [
      'has a namespace that is none',
      { ...accepted, user: { ...user, username: 'system:serviceaccount:a/b:web' } },
      /not a service account's/,
    ],
    [
      'is bound to no pod',
      { ...accepted, user: { ...user, extra: {} } },
      /shop\/web is not bound to a pod: mount/,
    ],
    [
      'is bound to two',
      {
        ...accepted,
        user: { ...user, extra: { ...pod, 'authentication.kubernetes.io/pod-name': ['a', 'b'] } },
      },
      /not bound to a pod/,
    ],
    ['is answered with nothing', null, /does not accept/],
  ])('refuses a token that %s', async (_case, status, reason) => {
    const result = await review(status);
    expect(result).toEqual({ kind: 'refused', reason: expect.stringMatching(reason) });
    expect(JSON.stringify(result)).not.toContain(token);
    expect(registry.render()).toContain('tulle_token_reviews_total{result="refused"} 1');
  });

  it('refuses a token that is too long to be one without asking', async () => {
    expect(await create().authenticate('x'.repeat(20_000))).toMatchObject({ kind: 'refused' });
    expect(requests).toEqual([]);
  });

  it('throws where the API server cannot say, and asks twice where an old connection was closed', async () => {
    const failure = (reason: string) =>
      new KubernetesError('no answer', { status: 0, reason, isRetryable: true });
    answer = async () => {
      throw failure(clientReasons.unreachable);
    };
    await expect(create().authenticate(token)).rejects.toThrow('no answer');
    expect(requests).toHaveLength(1);
    expect(registry.render()).toContain('tulle_token_reviews_total{result="failed"} 1');
    answer = async () => {
      if (requests.length === 2) throw failure(clientReasons.stale);
      return { status: accepted };
    };
    registry = new MetricsRegistry();
    expect(await create().authenticate(token)).toMatchObject({ kind: 'accepted' });
    expect(requests).toHaveLength(3);
  });

  it('asks for so many at a time, and tells the others to come again', async () => {
    let release = (_answer: unknown) => {};
    answer = () =>
      new Promise((resolve) => {
        release = resolve;
      });
    const authenticator = create({ maxConcurrent: 1 });
    const first = authenticator.authenticate(token);
    await expect(authenticator.authenticate(token)).rejects.toMatchObject({ isRetryable: true });
    release({ status: accepted });
    expect(await first).toMatchObject({ kind: 'accepted' });
  });
});
