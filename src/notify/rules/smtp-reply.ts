/** What is known of an attempt that an SMTP server did not accept. */
export interface SmtpFailure {
  /** The client's own code, such as ETIMEDOUT or EAUTH. */
  readonly code?: string;
  /** The command that was answered: CONN, EHLO, AUTH, MAIL FROM, RCPT TO, DATA ... */
  readonly command?: string;
  readonly responseCode?: number;
  /** The server's text. Only its enhanced status code (RFC 3463) is looked at: the rest may hold addresses. */
  readonly response?: string;
}

export interface SmtpVerdict {
  readonly retry: boolean;
  /** `smtp-550-5.1.1`, `smtp-unreachable`: never text of the server. */
  readonly error: string;
}

const CLIENT_CODES: Readonly<Record<string, string>> = {
  ETIMEDOUT: 'smtp-timeout',
  EDNS: 'smtp-name-not-resolved',
  ETLS: 'smtp-tls-failed',
  EAUTH: 'smtp-authentication-refused',
  ENOAUTH: 'smtp-authentication-refused',
  EPROTOCOL: 'smtp-protocol-error',
  EABORT: 'smtp-broken-off',
};

/** The client itself found the envelope or the size impossible, before it asked anybody. */
const REFUSED_BEFOREHAND = /^(EENVELOPE|EMESSAGE)$/;
/** Commands whose refusal is about this message. All others are about us, and the operator can do something about it. */
const ABOUT_THE_MESSAGE = /^(RCPT TO|DATA)$/;
const MAILBOX_FULL = /^[45]\.2\.2$/;

/**
 * Whether the same message can still arrive. Transient replies (4yz), everything that never got as far as the recipient, and
 * full mailboxes: yes. Permanent replies (5yz) to the recipient or the content: no (RFC 5321, 4.2.1; RFC 3463).
 */
export function judgeSmtpFailure(failure: SmtpFailure): SmtpVerdict {
  const { responseCode, command = '' } = failure;
  if (responseCode === undefined || responseCode < 400 || responseCode > 599) {
    if (REFUSED_BEFOREHAND.test(failure.code ?? '')) return { retry: false, error: 'mail-not-sendable' };
    return { retry: true, error: CLIENT_CODES[failure.code ?? ''] ?? 'smtp-unreachable' };
  }
  const enhanced = enhancedCode(failure);
  const permanent = responseCode >= 500 && ABOUT_THE_MESSAGE.test(command) && !isMailboxFull(responseCode, enhanced);
  return { retry: !permanent, error: ['smtp', responseCode, enhanced].filter(Boolean).join('-') };
}

/** 552 alone says "exceeded storage allocation"; with an enhanced code, that code says what was exceeded. */
function isMailboxFull(responseCode: number, enhanced: string | null): boolean {
  return enhanced === null ? responseCode === 552 : MAILBOX_FULL.test(enhanced);
}

function enhancedCode({ response }: SmtpFailure): string | null {
  return /^\d{3}[ -]([245]\.\d{1,3}\.\d{1,3})\b/.exec(response ?? '')?.[1] ?? null;
}
