import { mkdir, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { simpleParser } from 'mailparser';

import { createMailboxServer, listenOnLoopback } from './mailbox-smtp.ts';
import { MailboxStore, stampOf } from './mailbox-store.ts';
import { rememberedPort } from './ports.ts';
import { scratchFolder } from './scratch-folder.ts';

const MESSAGES_KEPT = 5_000;
const PARSED_KEPT = 200;

export interface MailboxMessage {
  id: string;
  /** The address in From, without the name. */
  from: string;
  /** The addresses it was sent to, in lower case, hidden copies included. */
  to: string[];
  subject: string;
  /** RFC 3339, UTC: when it arrived. */
  date: string;
  text: string;
  /** Null when it has no HTML part. */
  html: string | null;
}

export interface MailboxOptions {
  /** Where messages and port are kept; null keeps them until `stop` only. */
  dataDir: string | null;
  /** Without it the port of the last time, or a free one. */
  port?: number;
  /** Asked for every message that has been received whole; `refuse` answers 451, which tells the sender to try again. */
  onMessage?: () => 'accept' | 'refuse';
}

export interface Mailbox {
  smtpUrl: string;
  /** Newest first; `to` keeps those sent to this address, `limit` the newest so many. */
  messages(filter?: { to?: string; limit?: number }): Promise<MailboxMessage[]>;
  /** A message as it was delivered (RFC 5322), or null when there is none with this id. */
  source(id: string): Promise<Buffer | null>;
  readonly stop: () => Promise<void>;
}

/**
 * Starts an SMTP server on loopback that takes mail for any address and keeps it: what it has answered with 250 is on
 * disk. The newest 5,000 messages are kept.
 * @throws {ServiceUnavailableAtStart} when the port is taken
 */
export async function startMailbox(options: MailboxOptions): Promise<Mailbox> {
  if (options.dataDir !== null) return await startIn(resolve(options.dataDir), options);

  const folder = await scratchFolder('mailbox');
  const remove = (): Promise<void> => rm(folder, { recursive: true, force: true });
  try {
    const mailbox = await startIn(folder, options);
    return { ...mailbox, stop: () => mailbox.stop().then(remove) };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function startIn(folder: string, options: MailboxOptions): Promise<Mailbox> {
  await mkdir(folder, { recursive: true, mode: 0o711 });
  const store = await MailboxStore.open(join(folder, 'mailbox'), MESSAGES_KEPT);
  const port = options.port ?? (await rememberedPort(join(folder, 'mailbox.port')));
  const server = createMailboxServer(store, options.onMessage ?? (() => 'accept'));
  await listenOnLoopback(server, port);

  const parse = cachedParser(store);
  return {
    smtpUrl: `smtp://127.0.0.1:${port}`,
    messages: async (filter = {}) => {
      const ids = await selectIds(store, filter);
      const messages = await Promise.all(ids.map(parse));
      return messages.filter((message) => message !== null);
    },
    source: (id) => store.read(id),
    stop: () =>
      new Promise<void>((done) => {
        server.close(done);
      }),
  };
}

async function selectIds(store: MailboxStore, filter: { to?: string; limit?: number }): Promise<string[]> {
  const wanted = filter.to?.toLowerCase();
  const limit = filter.limit ?? Number.POSITIVE_INFINITY;
  const selected: string[] = [];
  for (const id of store.ids()) {
    if (selected.length >= limit) break;
    if (wanted === undefined || (await store.recipients(id)).includes(wanted)) selected.push(id);
  }
  return selected;
}

/** Messages never change, so that those that were asked for last need not be parsed again by somebody who polls. */
function cachedParser(store: MailboxStore): (id: string) => Promise<MailboxMessage | null> {
  const parsed = new Map<string, MailboxMessage>();
  return async (id) => {
    const message = parsed.get(id) ?? (await parseMessage(store, id));
    if (message === null) return null;
    parsed.delete(id); // and in again at the end: the first in the map is the one used longest ago
    parsed.set(id, message);
    const [oldest] = parsed.keys();
    if (parsed.size > PARSED_KEPT && oldest !== undefined) parsed.delete(oldest);
    return message;
  };
}

async function parseMessage(store: MailboxStore, id: string): Promise<MailboxMessage | null> {
  const source = await store.read(id);
  if (source === null) return null; // removed meanwhile, as the oldest
  const mail = await simpleParser(source, { skipTextToHtml: true, skipImageLinks: true });
  return {
    id,
    from: mail.from?.value[0]?.address ?? '',
    to: [...(await store.recipients(id))],
    subject: mail.subject ?? '',
    date: new Date(stampOf(id)).toISOString(),
    text: mail.text ?? '',
    html: typeof mail.html === 'string' ? mail.html : null,
  };
}
