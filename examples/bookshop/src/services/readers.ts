/**
 * Readers: a steady stream of requests to the shop's services, each when it is due, and every second a line of what
 * has become of all so far.
 */
import { type CallResult, call } from './call.ts';
import { sidecarOf } from './serve.ts';

const sidecar = sidecarOf(process.env.SIDECAR);
const perSecond = Number(process.env.RATE ?? '10');
/** `service/path`, divided by commas, taken in turn. */
const targets = (process.env.TARGETS ?? 'web/').split(',').map((target) => {
  const slash = target.indexOf('/');
  return { service: target.slice(0, slash), path: target.slice(slash) };
});

const counts = {
  sent: 0,
  ok: 0,
  failed: 0,
  /** Target, status and reason of failed ones. */
  failures: {} as Record<string, number>,
  /** Of answers that say which version gave them. */
  versions: {} as Record<string, number>,
};
const startMs = performance.now();

function send(): void {
  const target = targets[counts.sent % targets.length]!;
  counts.sent++;
  void call(sidecar, target.service, target.path).then((result) => count(target.service, result));
}

function count(service: string, { status, reason, body }: CallResult): void {
  if (status === 200) counts.ok++;
  else {
    counts.failed++;
    const what = `${service} ${status} ${reason || JSON.stringify(body)?.slice(0, 200)}`;
    counts.failures[what] = (counts.failures[what] ?? 0) + 1;
  }
  const version = (body as { readonly version?: unknown } | null)?.version;
  if (typeof version === 'string') counts.versions[version] = (counts.versions[version] ?? 0) + 1;
}

setInterval(() => {
  const due = ((performance.now() - startMs) / 1_000) * perSecond;
  while (counts.sent < due) send();
}, 10);
setInterval(() => console.log(JSON.stringify({ seconds: elapsedSeconds(), ...counts })), 500);

function elapsedSeconds(): number {
  return Math.round((performance.now() - startMs) / 100) / 10;
}

process.on('SIGTERM', () => process.exit(0));
