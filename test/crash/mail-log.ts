import { simpleParser } from 'mailparser';

/** One mail as it arrived. */
export interface ArrivedMail {
  readonly messageId: string;
  readonly to: string;
  readonly subject: string;
  /** The link in it, where there is one. */
  readonly link: string | null;
  /** Milliseconds since 1970. */
  readonly at: number;
}

const LINK = /https?:\/\/\S+\/r\/[\w-]+/;

/** Everything that the mail server has accepted, copies included. */
export class MailLog {
  readonly #mails: Promise<ArrivedMail>[] = [];

  add(raw: string): void {
    this.#mails.push(read(raw, Date.now()));
  }

  all(): Promise<ArrivedMail[]> {
    return Promise.all(this.#mails);
  }

  /** The newest link that was mailed to somebody about the request with this title. */
  async linkFor(address: string, title: string): Promise<string | null> {
    const mails = await this.all();
    return (
      mails.findLast((mail) => mail.to === address && mail.link !== null && mail.subject.endsWith(`: ${title}`))
        ?.link ?? null
    );
  }
}

async function read(raw: string, at: number): Promise<ArrivedMail> {
  const { messageId, to, subject, text } = await simpleParser(raw);
  const recipient = Array.isArray(to) ? to[0] : to;
  return {
    messageId: messageId ?? '',
    to: recipient?.value[0]?.address ?? '',
    subject: subject ?? '',
    link: LINK.exec(text ?? '')?.[0] ?? null,
    at,
  };
}
