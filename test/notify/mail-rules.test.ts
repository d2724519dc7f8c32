import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { checkedAddress, InvalidMailAddress, oneLine, parseMailbox } from '../../src/notify/rules/mail-address.ts';
import { judgeSmtpFailure, type SmtpFailure } from '../../src/notify/rules/smtp-reply.ts';

describe('an address for a mail', () => {
  test.each([
    'jane@example.com',
    'o’brien@example.com',
    'jane.doe+approvals@mail.example.co.uk',
    'jürgen@müller.example',
    'a@[192.0.2.1]',
  ])('%s is one', (address) => {
    expect(checkedAddress(address)).toBe(address);
  });

  test.each([
    'jane@example.com\r\nBcc: eve@example.com',
    'jane@example.com\n',
    'jane@example.com, eve@example.com',
    'jane@example.com;eve@example.com',
    'Jane <jane@example.com>',
    '<jane@example.com>',
    '"jane"@example.com',
    'jane(comment)@example.com',
    'jane @example.com',
    'jane@example.com SIZE=1',
    'jane@@example.com',
    'jane@',
    '@example.com',
    'jane',
    '',
    'jane\u0000@example.com',
    'jane\u2028@example.com',
    'jane@example.com\u007f',
    `${'a'.repeat(250)}@example.com`,
    'jane\ud800@example.com',
  ])('%j is none', (address) => {
    expect(() => checkedAddress(address)).toThrow(InvalidMailAddress);
  });

  test('nothing that passes holds what could end a header line or begin another address', () => {
    const hostile = fc.string({
      unit: fc.constantFrom(
        'a',
        '@',
        '.',
        '\r',
        '\n',
        ',',
        ';',
        '<',
        '>',
        ' ',
        '\t',
        '"',
        ':',
        '\0',
        '\u0085',
        '\u2028',
      ),
    });
    fc.assert(
      fc.property(hostile, (text) => {
        try {
          return !/[\s,;<>"\0\u0085\u2028]/u.test(checkedAddress(text));
        } catch (error) {
          return error instanceof InvalidMailAddress;
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('the error does not repeat it', () => {
    expect(() => checkedAddress('jane doe@example.com')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('jane') }),
    );
  });

  test('a sender may have a name, which stays in its line', () => {
    expect(parseMailbox('Countersign <countersign@example.com>')).toEqual({
      name: 'Countersign',
      address: 'countersign@example.com',
    });
    expect(parseMailbox('"Counter, sign" <c@example.com>')).toEqual({
      name: 'Counter, sign',
      address: 'c@example.com',
    });
    expect(parseMailbox('c@example.com')).toEqual({ name: '', address: 'c@example.com' });
    expect(parseMailbox('Evil\r\nBcc: x <c@example.com>')).toEqual({ name: 'Evil Bcc: x', address: 'c@example.com' });
    expect(() => parseMailbox('A <a@example.com>, B <b@example.com>')).toThrow(InvalidMailAddress);
  });
});

test('text for a header has no line break, whatever it had before', () => {
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (text) => !/[\r\n\u0085\u2028\u2029\0]/u.test(oneLine(text))));
  expect(oneLine('Please approve\r\nBcc: eve@example.com')).toBe('Please approve Bcc: eve@example.com');
});

describe('what an SMTP failure means', () => {
  const cases: [string, SmtpFailure, { retry: boolean; error: string }][] = [
    ['the server is down', { code: 'ESOCKET' }, { retry: true, error: 'smtp-unreachable' }],
    ['it does not answer', { code: 'ETIMEDOUT', command: 'CONN' }, { retry: true, error: 'smtp-timeout' }],
    ['its name is unknown', { code: 'EDNS' }, { retry: true, error: 'smtp-name-not-resolved' }],
    [
      'it refuses the password',
      { code: 'EAUTH', command: 'AUTH PLAIN', responseCode: 535, response: '535 5.7.8 bad' },
      { retry: true, error: 'smtp-535-5.7.8' },
    ],
    [
      'it wants nothing from us today',
      { code: 'EPROTOCOL', command: 'CONN', responseCode: 554, response: '554 go away' },
      { retry: true, error: 'smtp-554' },
    ],
    [
      'it refuses our sender',
      { code: 'EENVELOPE', command: 'MAIL FROM', responseCode: 550, response: '550 5.7.1 no' },
      { retry: true, error: 'smtp-550-5.7.1' },
    ],
    [
      'greylisting',
      { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 450, response: '450 4.2.0 later' },
      { retry: true, error: 'smtp-450-4.2.0' },
    ],
    [
      'no such mailbox',
      { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 550, response: '550 5.1.1 <jane@example.com> unknown' },
      { retry: false, error: 'smtp-550-5.1.1' },
    ],
    [
      'no such mailbox, in few words',
      { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 550, response: '550 unknown' },
      { retry: false, error: 'smtp-550' },
    ],
    [
      'a full mailbox',
      { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 552, response: '552 over quota' },
      { retry: true, error: 'smtp-552' },
    ],
    [
      'a full mailbox, in its own words',
      { code: 'EENVELOPE', command: 'RCPT TO', responseCode: 550, response: '550 5.2.2 full' },
      { retry: true, error: 'smtp-550-5.2.2' },
    ],
    [
      'a message that is too big',
      { code: 'EMESSAGE', command: 'DATA', responseCode: 552, response: '552 5.3.4 too big' },
      { retry: false, error: 'smtp-552-5.3.4' },
    ],
    [
      'refused content',
      { code: 'EMESSAGE', command: 'DATA', responseCode: 554, response: '554-5.7.1 spam\r\n554 5.7.1 really' },
      { retry: false, error: 'smtp-554-5.7.1' },
    ],
    [
      'an envelope nobody was asked about',
      { code: 'EENVELOPE', command: 'API' },
      { retry: false, error: 'mail-not-sendable' },
    ],
    ['nothing is known', {}, { retry: true, error: 'smtp-unreachable' }],
  ];
  test.each(cases)('%s', (_name, failure, verdict) => {
    expect(judgeSmtpFailure(failure)).toEqual(verdict);
  });

  test('the code never holds more of the server’s text than its status codes', () => {
    const responseCode = fc.integer({ min: 400, max: 599 });
    fc.assert(
      fc.property(responseCode, fc.string(), fc.constantFrom('RCPT TO', 'DATA', 'CONN'), (code, text, command) =>
        /^smtp-\d{3}(-\d\.\d{1,3}\.\d{1,3})?$/.test(
          judgeSmtpFailure({ responseCode: code, response: `${code} ${text}`, command }).error,
        ),
      ),
    );
  });
});
