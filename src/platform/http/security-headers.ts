import type { RequestHandler } from 'express';

/** No script ever runs on a page of ours, nothing is loaded from elsewhere, and no page can be framed (clickjacking). */
const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "style-src 'self'",
  "img-src 'self'",
  "form-action 'self'",
  "base-uri 'none'",
  "frame-ancestors 'none'",
].join('; ');
const TWO_YEARS_S = 63_072_000;

/**
 * Headers of every answer; a page that needs others sets its own over them.
 * @param secure whether the public address is https
 */
export function securityHeaders(secure: boolean): RequestHandler {
  return (_request, response, next) => {
    response.set({
      'Content-Security-Policy': CONTENT_SECURITY_POLICY,
      'X-Content-Type-Options': 'nosniff',
      'X-Frame-Options': 'DENY',
      // A mailed link is a secret: it must not travel on in a Referer header.
      'Referrer-Policy': 'no-referrer',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Resource-Policy': 'same-origin',
      'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
      'Cache-Control': 'no-store',
      'X-Robots-Tag': 'noindex',
      ...(secure ? { 'Strict-Transport-Security': `max-age=${TWO_YEARS_S}` } : {}),
    });
    next();
  };
}
