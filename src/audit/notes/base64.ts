/** Base64 (RFC 4648, 4) that is not written the one way it can be: then two texts would stand for the same bytes. */
export class MalformedBase64 extends Error {
  readonly code = 'malformed-base64';
  constructor() {
    super('this is not base64 as RFC 4648, section 4, writes it');
  }
}

/**
 * Node ignores what it does not understand; a signature must not.
 * @throws MalformedBase64
 */
export function decodeBase64(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw new MalformedBase64();
  return bytes;
}
