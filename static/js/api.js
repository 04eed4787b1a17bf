// One HTTP call to the server's API, without any knowledge of who is signed in (that is session.js).
// Every failure is a Problem: the server's own words when it answered, ours when it did not.
import { currentLanguage, t } from './i18n.js';

const BASE = '/api/v1';
const TIMEOUT_MILLISECONDS = 15_000;

// Refusals that are about one field, by the names that forms give it.
const ABOUT = {
  PASSWORD_WRONG: ['current', 'password'],
  TOTP_INVALID: ['totp', 'code'],
  USER_EXISTS: ['email'],
  USERNAME_TAKEN: ['username'],
  INVITE_REQUIRED: ['invite'],
  INVITE_INVALID: ['invite'],
};

export class Problem extends Error {
  constructor({ status = 0, code = 'UNREACHABLE', detail, errors = [], retryAfterSeconds = null }) {
    super(detail);
    this.status = status;
    this.code = code;
    this.detail = detail;
    this.errors = errors;
    this.retryAfterSeconds = retryAfterSeconds;
  }

  get unreachable() { return this.status === 0; }

  // The server's sentence about one field, if it had one.
  about(field) {
    const named = this.errors.find((error) => error.field === field);
    return named?.message ?? (ABOUT[this.code]?.includes(field) ? this.detail : null);
  }
}

// `accept` other than JSON gives a Blob, and so does `asFile`; an empty answer gives null. `body` is sent as
// JSON unless `type` names what it is. With `outlive` the browser finishes the call even when the page is
// left meanwhile.
export async function call(method, path, options = {}) {
  const { body, type, token, query, accept = 'application/json', asFile = accept !== 'application/json' } = options;
  const { outlive = false, patience = TIMEOUT_MILLISECONDS } = options;
  const headers = { Accept: accept, 'Accept-Language': currentLanguage() };
  if (body !== undefined) headers['Content-Type'] = type ?? 'application/json';
  if (token) headers.Authorization = `Bearer ${token}`;

  const deadline = new AbortController();
  const timer = setTimeout(() => deadline.abort(), patience);
  try {
    const response = await fetch(BASE + path + queryString(query), {
      method,
      headers,
      body: body === undefined || type ? body : JSON.stringify(body),
      credentials: 'same-origin',
      cache: 'no-store',
      keepalive: outlive,
      signal: deadline.signal,
    });
    if (!response.ok) throw await problemFrom(response);
    if (asFile) return await response.blob();
    const text = await response.text();
    return text ? JSON.parse(text) : null;
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem({ detail: t('problem.unreachable') });
  } finally {
    clearTimeout(timer);
  }
}

// A stream of server-sent events, behind the one that was seen last. Fails with a Problem, or by `signal`.
export async function openStream(path, { token, query, lastEventId = null, signal }) {
  const headers = { Accept: 'text/event-stream', 'Accept-Language': currentLanguage(), Authorization: `Bearer ${token}` };
  if (lastEventId !== null) headers['Last-Event-ID'] = String(lastEventId);
  let response;
  try {
    response = await fetch(BASE + path + queryString(query), { headers, credentials: 'same-origin', cache: 'no-store', signal });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new Problem({ detail: t('problem.unreachable') });
  }
  if (!response.ok) throw await problemFrom(response);
  return response;
}

function queryString(query) {
  const entries = Object.entries(query ?? {}).filter(([, value]) => value !== null && value !== undefined && value !== '');
  return entries.length ? `?${new URLSearchParams(entries)}` : '';
}

async function problemFrom(response) {
  const retryAfterSeconds = Number.parseInt(response.headers.get('Retry-After') ?? '', 10) || null;
  const body = await response.json().catch(() => ({}));
  return new Problem({
    status: response.status,
    code: body.code ?? `HTTP_${response.status}`,
    detail: body.detail || body.error || t('problem.unexpected', { status: response.status }),
    errors: Array.isArray(body.errors) ? body.errors : [],
    retryAfterSeconds,
  });
}
