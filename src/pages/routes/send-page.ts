import type { Response } from 'express';
import { type Html, renderPage } from '../html.ts';

/**
 * Sends a page that holds a form. `same-origin` keeps the address (a mailed link is a secret) from other sites and has the
 * browser name our own as the form's origin; under `no-referrer` it would send `Origin: null`.
 */
export function sendPage(response: Response, status: number, page: Html): void {
  response.status(status).set('Referrer-Policy', 'same-origin').type('html').send(renderPage(page));
}
