/** An address that may not stand in a mail's header or envelope. The message does not repeat it. */
export class InvalidMailAddress extends Error {
  readonly code = 'invalid-mail-address';
  constructor() {
    super('an e-mail address must be one address, without a display name, comments, spaces or control characters');
    this.name = 'InvalidMailAddress';
  }
}

export interface Mailbox {
  /** Empty where there is none. */
  readonly name: string;
  readonly address: string;
}

/** RFC 5321, 4.5.3.1.3: 256 octets with the angle brackets. */
const LONGEST = 254;
/**
 * One addr-spec of RFC 5322 without its quoted and commented forms: nothing in it that a header or an SMTP command would read
 * as a second address, a line break or a parameter.
 */
const ADDRESS =
  // oxlint-disable-next-line no-control-regex -- control characters are what it is about
  /^[^\s@<>()[\]\\,;:"\u0000-\u001f\u007f-\u009f\u2028\u2029]+@[^\s@<>()\\,;"\u0000-\u001f\u007f-\u009f\u2028\u2029]+$/u;
const MAILBOX = /^(?<name>[^<>]*)<(?<address>[^<>]+)>$/;
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]+/gu;

/**
 * The address as it may be used.
 * @throws InvalidMailAddress
 */
export function checkedAddress(address: string): string {
  if (address.length > LONGEST || !address.isWellFormed() || !ADDRESS.test(address)) throw new InvalidMailAddress();
  return address;
}

/**
 * Reads `Countersign <countersign@example.com>` or a bare address.
 * @throws InvalidMailAddress
 */
export function parseMailbox(text: string): Mailbox {
  const parts = MAILBOX.exec(text.trim())?.groups;
  if (!parts) return { name: '', address: checkedAddress(text.trim()) };
  const name = (parts['name'] ?? '').trim().replace(/^"(.*)"$/, '$1');
  return { name: oneLine(name), address: checkedAddress((parts['address'] ?? '').trim()) };
}

/** Text as it may stand in a header: a line break in it would begin another header (RFC 5322, 2.2). */
export function oneLine(text: string): string {
  return text.replaceAll(CONTROL, ' ').toWellFormed().trim();
}
