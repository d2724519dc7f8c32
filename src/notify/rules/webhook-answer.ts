/** What a receiver's answer means. */
export type AnswerMeaning = 'accepted' | 'gone' | 'again';

const GONE = 410;
const LONGEST_PAUSE_MS = 60 * 60_000;

/** 2xx: accepted. 410 Gone: never send again (Standard Webhooks, "Deliverability"). Anything else, redirects included: later. */
export function meaningOf(status: number): AnswerMeaning {
  if (status >= 200 && status < 300) return 'accepted';
  return status === GONE ? 'gone' : 'again';
}

/**
 * When a receiver wants to be asked again (`Retry-After`, RFC 9110, 10.2.3), an hour later at most.
 * @returns null where it does not say
 */
export function retryAfter(header: string | undefined, now: Date): Date | null {
  if (!header) return null;
  const at = /^\d{1,9}$/.test(header) ? now.getTime() + Number(header) * 1000 : Date.parse(header);
  if (Number.isNaN(at) || at <= now.getTime()) return null;
  return new Date(Math.min(at, now.getTime() + LONGEST_PAUSE_MS));
}

const CONNECTION_CODES: Readonly<Record<string, string>> = {
  'address-not-allowed': 'address-not-allowed',
  'malformed-url': 'malformed-url',
  ENOTFOUND: 'name-not-resolved',
  EAI_AGAIN: 'name-not-resolved',
  ECONNREFUSED: 'connection-refused',
  ECONNRESET: 'connection-lost',
  EPIPE: 'connection-lost',
  UND_ERR_SOCKET: 'connection-lost',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_OVERFLOW: 'answer-too-large',
};
const CERTIFICATE = /^(CERT_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_TLS_|ERR_SSL_|EPROTO)/;

/** A code of ours for a request that was never answered; the error's own text may hold the address. */
export function connectionFailure(error: unknown): string {
  if (memberOf(error, 'name') === 'TimeoutError') return 'timeout';
  const code = memberOf(error, 'code');
  if (typeof code !== 'string') return firstOf(error) ?? 'connection-failed';
  return CERTIFICATE.test(code) ? 'tls-failed' : (CONNECTION_CODES[code] ?? 'connection-failed');
}

/** Where several addresses were tried, each has its error; they mostly agree. */
function firstOf(error: unknown): string | null {
  const errors = memberOf(error, 'errors');
  return Array.isArray(errors) && errors.length > 0 ? connectionFailure(errors[0]) : null;
}

function memberOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
}
