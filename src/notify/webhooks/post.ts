import { type Dispatcher, request } from 'undici';
import { parseWebhookUrl } from './address.ts';
import { signatureHeaders } from './signature.ts';
import type { WebhookTarget } from './store.ts';

export interface WebhookRequest extends WebhookTarget {
  /** Id of the event, the same in every attempt. */
  readonly event: string;
  /** JSON text; what is signed is what is sent. */
  readonly body: string;
}

export interface WebhookAnswer {
  readonly status: number;
  readonly retryAfter: string | undefined;
}

/** Of the answer's body. It is read at all only so that the connection can be used again. */
const READ_AT_MOST = 1_024;

export interface PostOptions {
  readonly agent: Dispatcher;
  readonly at: Date;
  readonly signal: AbortSignal;
  /** Milliseconds for connecting, sending and the answer together. */
  readonly timeoutMs: number;
}

/**
 * Sends one event, once. Redirects are not followed: where they lead to was not checked.
 * @throws whatever kept the answer from arriving
 */
export async function postWebhook(webhook: WebhookRequest, by: PostOptions): Promise<WebhookAnswer> {
  const url = parseWebhookUrl(webhook.url);
  url.hash = '';
  const signal = AbortSignal.any([by.signal, AbortSignal.timeout(by.timeoutMs)]);
  const answer = await request(url, {
    method: 'POST',
    dispatcher: by.agent,
    signal,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'Countersign-Webhooks/1',
      ...signatureHeaders(webhook.secret, webhook.event, by.at, webhook.body),
    },
    body: webhook.body,
  });
  // The status alone decides: a body that breaks off changes nothing about it.
  await answer.body.dump({ limit: READ_AT_MOST, signal }).catch(() => undefined);
  const header = answer.headers['retry-after'];
  return { status: answer.statusCode, retryAfter: Array.isArray(header) ? header[0] : header };
}
