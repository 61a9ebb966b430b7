import type { IncomingMessage, RequestOptions } from 'node:http';
import {
  formatAddress,
  type HttpTarget,
  type ProbeContext,
  type ProbeHeader,
  type ProbeOutcome,
} from './probe.ts';

/** As much of a body as kubelet reads before it goes by the status alone. */
const maxBodyBytes = 10 * 1024;
const maxRedirects = 10;
const redirectStatuses: readonly number[] = [301, 302, 303, 307, 308];

/** An HTTP request on its way along redirects. */
interface Hop {
  readonly url: URL;
  readonly headers: readonly ProbeHeader[];
}

type HopOutcome = ProbeOutcome | { readonly kind: 'redirect'; readonly next: Hop };

/**
 * As kubelet's HTTP probe: GET, 200 to 399 is success, certificates are not verified, redirects are followed on the same
 * host and are success where they lead to another one.
 */
export async function probeHttp(target: HttpTarget, context: ProbeContext): Promise<ProbeOutcome> {
  let hop: Hop = { url: urlOf(target, context.host), headers: headersOf(target.headers) };
  try {
    for (let redirects = 0; redirects <= maxRedirects; redirects++) {
      const outcome = await request(hop, context.signal);
      if (outcome.kind !== 'redirect') return outcome;
      hop = outcome.next;
    }
  } catch (thrown) {
    return { kind: 'unanswered', text: reasonOf(thrown) };
  }
  return { kind: 'unanswered', text: `it has redirected ${maxRedirects} times` };
}

async function request(hop: Hop, signal: AbortSignal): Promise<HopOutcome> {
  const response = await send(hop, signal);
  await readBody(response);
  const status = response.statusCode ?? 0;
  const next = redirectStatuses.includes(status) ? nextHop(hop, response.headers.location) : null;
  if (next !== null && next.url.hostname === hop.url.hostname) return { kind: 'redirect', next };
  const text = `${hop.url.host} answers ${status}${next === null ? '' : ', which leads to another host'}`;
  return status >= 200 && status < 400
    ? { kind: 'success', text }
    : { kind: 'failure', status: status >= 400 ? status : 502, text };
}

function send({ url, headers }: Hop, signal: AbortSignal): Promise<IncomingMessage> {
  // Only where it is needed: see AdminServer for why they are not imported.
  const { request: open } = process.getBuiltinModule(url.protocol === 'https:' ? 'node:https' : 'node:http');
  const options: RequestOptions & { readonly rejectUnauthorized: boolean } = {
    agent: false,
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: url.port,
    path: `${url.pathname}${url.search}`,
    headers: rawHeaders(url, headers),
    signal,
    rejectUnauthorized: false,
  };
  return new Promise((resolve, reject) => {
    const outgoing = open(options, resolve);
    outgoing.on('error', reject);
    outgoing.end();
  });
}

/** A list, in which a name may come twice; Node adds nothing to it. Its octets are Latin-1. */
function rawHeaders(url: URL, headers: readonly ProbeHeader[]): string[] {
  const hasHost = headers.some(({ name }) => name.toLowerCase() === 'host');
  const all = hasHost ? headers : [{ name: 'host', value: url.host }, ...headers];
  return all.flatMap(({ name, value }) => [name, Buffer.from(value).toString('latin1')]);
}

async function readBody(response: IncomingMessage): Promise<void> {
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size >= maxBodyBytes) break;
  }
  response.destroy();
}

function urlOf({ scheme, host, port, path }: HttpTarget, podHost: string): URL {
  const authority = formatAddress(host ?? podHost, port);
  const [target = ''] = path.split('#');
  return new URL(`${scheme.toLowerCase()}://${authority}${target.startsWith('/') ? '' : '/'}${target}`);
}

/** An empty value of these two means that kubelet sends none. */
function headersOf(given: readonly ProbeHeader[]): readonly ProbeHeader[] {
  const has = (name: string) => given.some((header) => header.name.toLowerCase() === name);
  const isKept = ({ name, value }: ProbeHeader) =>
    value !== '' || !['accept', 'user-agent'].includes(name.toLowerCase());
  return [
    ...(has('user-agent') ? [] : [{ name: 'user-agent', value: 'kube-probe/tulle' }]),
    ...(has('accept') ? [] : [{ name: 'accept', value: '*/*' }]),
    ...given.filter(isKept),
    { name: 'connection', value: 'close' },
  ];
}

/** A Host of the probe's own goes along with a relative redirect only, as Go's client has it. */
function nextHop({ url, headers }: Hop, location: string | undefined): Hop | null {
  if (location === undefined || location === '') return null;
  const next = URL.parse(location, url.href);
  if (next === null || (next.protocol !== 'http:' && next.protocol !== 'https:')) return null;
  const isRelative = !/^([a-z][a-z0-9+.-]*:|\/\/)/i.test(location);
  return {
    url: next,
    headers: isRelative ? headers : headers.filter(({ name }) => name.toLowerCase() !== 'host'),
  };
}

function reasonOf(thrown: unknown): string {
  const { message, code } = thrown as NodeJS.ErrnoException;
  return message || code || String(thrown);
}
