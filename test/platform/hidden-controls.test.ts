import { describe, expect, test } from '@jest/globals';
import { mailMessage } from '../../src/platform/mail-message.ts';

const HIDDEN = /[\u202A-\u202E\u2066-\u2069]/;

describe('characters that secretly turn the reading order', () => {
  test('are written out in every part of a mail', () => {
    const title = 'Pay \u202E00.005\u202C \u2066USD\u2069';
    const { body } = mailMessage({
      id: 'a-mail',
      to: 'jane@example.com',
      subjects: [],
      reference: {},
      subject: `Approval needed: ${title}`,
      paragraphs: [title],
      facts: [['Request', title]],
      footer: title,
    });
    const mail = JSON.parse(body?.text ?? '') as Record<'subject' | 'text' | 'html', string>;
    for (const part of [mail.subject, mail.text, mail.html]) {
      expect(part).not.toMatch(HIDDEN);
      expect(part).toContain('Pay [U+202E]00.005[U+202C] [U+2066]USD[U+2069]');
    }
  });

  test('are the only ones: other scripts and line breaks stay as they are', () => {
    const { body } = mailMessage({
      id: 'a-mail',
      to: 'jane@example.com',
      subjects: [],
      reference: {},
      subject: 'דרישה شراء',
      paragraphs: ['one\ntwo שלום'],
    });
    expect(JSON.parse(body?.text ?? '')).toMatchObject({ subject: 'דרישה شراء', text: 'one\ntwo שלום\n' });
  });
});
