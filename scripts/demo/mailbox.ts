import { setTimeout as pause } from 'node:timers/promises';
import { z } from 'zod';
import type { DemoApi } from './api.ts';
import { DemoProblem } from './problem.ts';

const mailsSchema = z.array(z.object({ id: z.string(), subject: z.string(), date: z.string(), text: z.string() }));
type DemoMail = z.infer<typeof mailsSchema>[number];

const GIVE_UP_AFTER_MS = 30_000;
const LOOK_EVERY_MS = 150;

/** The mailbox that `npm start` brings along; a system with a mail server of its own has none. */
export class DemoMailbox {
  readonly #api: DemoApi;

  constructor(api: DemoApi) {
    this.#api = api;
  }

  async isThere(): Promise<boolean> {
    return (await this.#api.send('GET', '/dev/mailbox.json?limit=1')).status === 200;
  }

  /**
   * Waits for a mail to an address whose subject holds a text.
   * @throws DemoProblem where none arrives
   */
  async wait(to: string, subject: string, since: Date): Promise<DemoMail> {
    for (const giveUpAt = Date.now() + GIVE_UP_AFTER_MS; Date.now() < giveUpAt;) {
      const mails = await this.#api.need(
        mailsSchema,
        'GET',
        `/dev/mailbox.json?${new URLSearchParams({ to, limit: '50' }).toString()}`,
      );
      const found = mails.find((mail) => mail.subject.includes(subject) && new Date(mail.date) >= since);
      if (found) return found;
      await pause(LOOK_EVERY_MS);
    }
    throw new DemoProblem(
      `No mail to ${to} about “${subject}” within 30 s. Is a worker running? \`npx countersign doctor\` looks.`,
    );
  }

  /** Where somebody can look at a mail. */
  pageOf(mail: DemoMail): string {
    return `${this.#api.settings.url}/dev/mailbox/${encodeURIComponent(mail.id)}`;
  }
}

/** The one link in a mail that leads to a request. */
export function linkIn(mail: DemoMail): string {
  const link = /https?:\/\/\S+\/r\/[\w-]+/.exec(mail.text)?.[0];
  if (!link) throw new DemoProblem(`The mail “${mail.subject}” has no link.`);
  return link;
}
