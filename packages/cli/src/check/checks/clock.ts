import { type Check, fail, warn } from '../check.ts';
import { Fields } from '../fields.ts';

/** Certificates are dated back by some minutes; beyond that, new ones are not valid yet somewhere. */
const maxSkewSeconds = 60;
const toleratedSeconds = 5;

export const clock: Check = {
  name: 'clock',
  run: async ({ cluster, nowMs }) => {
    const path = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' };
    const review = new Fields(await cluster.request({ method: 'POST', path, body }));
    const theirs = Date.parse(review.at('metadata', 'creationTimestamp').text);
    if (Number.isNaN(theirs)) return { summary: 'the API server does not tell the time', findings: [] };
    const seconds = Math.round(Math.abs(nowMs() - theirs) / 1_000);
    const message = `this machine's clock and the API server's differ by ${seconds} s`;
    const hint = 'certificates are valid from a time on: keep nodes (and this machine) on NTP';
    if (seconds > maxSkewSeconds) return { summary: '', findings: [fail(message, hint)] };
    return { summary: message, findings: seconds > toleratedSeconds ? [warn(message, hint)] : [] };
  },
};
