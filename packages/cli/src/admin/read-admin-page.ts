import { messageOf, TulleError } from '@tulle/runtime';

/** Where the control plane's admin listens unless it was told otherwise. */
export const defaultAdminUrl = 'http://127.0.0.1:15014';

const timeoutMs = 10_000;
const maxBodyBytes = 256 * 1024 * 1024;

/** Gets a page of the admin server as JSON; throws a TulleError that says what to try. */
export async function readAdminPage(get: typeof fetch, adminUrl: string, page: string): Promise<unknown> {
  const url = pageUrl(adminUrl, page);
  const response = await request(get, url);
  const text = await readBody(response, url);
  if (!response.ok) throw fault(`${url} answered ${response.status}: ${text.trim().slice(0, 500)}`);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw fault(`${url} did not answer JSON: is it the admin address of a Tulle control plane?`, cause);
  }
}

function pageUrl(adminUrl: string, page: string): URL {
  const base = URL.parse(adminUrl);
  if (base === null || !/^https?:$/.test(base.protocol)) {
    throw fault(`--admin must be a URL such as ${defaultAdminUrl}, not "${adminUrl}"`);
  }
  return new URL(page, base);
}

async function request(get: typeof fetch, url: URL): Promise<Response> {
  try {
    return await get(url, { signal: AbortSignal.timeout(timeoutMs), redirect: 'error' });
  } catch (cause) {
    const reason = messageOf(cause instanceof Error && cause.cause !== undefined ? cause.cause : cause);
    throw fault(
      `${url} does not answer (${reason}). Is the control plane running? --admin names its address.`,
      cause,
    );
  }
}

async function readBody(response: Response, url: URL): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  let bytes = 0;
  try {
    for await (const chunk of response.body ?? []) {
      bytes += chunk.byteLength;
      if (bytes > maxBodyBytes) throw fault(`${url} answered more than ${maxBodyBytes / 1024 / 1024} MiB`);
      text += decoder.decode(chunk, { stream: true });
    }
  } catch (cause) {
    if (cause instanceof TulleError) throw cause;
    throw fault(`${url} broke off its answer: ${messageOf(cause)}`, cause);
  }
  return text + decoder.decode();
}

function fault(message: string, cause?: unknown): TulleError {
  return new TulleError('ADMIN_UNREADABLE', message, { source: 'control-plane', isRetryable: true, cause });
}
