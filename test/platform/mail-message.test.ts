import { describe, expect, test } from '@jest/globals';
import { type MailContent, mailMessage } from '../../src/platform/mail-message.ts';

function bodyOf(content: Partial<MailContent>): { text: string; html: string } {
  const mail = {
    subject: 'A subject',
    paragraphs: ['Before.'],
    id: 'an id',
    to: 'a@example.test',
    subjects: [],
    reference: {},
  };
  return JSON.parse(mailMessage({ ...mail, ...content }).body!.text);
}

const table = {
  title: 'By model',
  columns: ['Model', 'Cost', 'Requests'],
  rows: [
    ['<gpt> & "co"', '12.00 USD', '1,200'],
    ['abc\u202Etxt', '0.50 USD', '3'],
  ],
};

describe('a table in a mail', () => {
  test('is a line for each row where there is no markup', () => {
    const { text } = bodyOf({ tables: [table], footer: 'After.' });
    expect(text).toBe(
      'Before.\n\nBy model\n- <gpt> & "co": cost 12.00 USD, requests 1,200\n- abc[U+202E]txt: cost 0.50 USD, requests 3\n\n-- \nAfter.\n',
    );
  });

  test('is a table with headings, in which nothing is markup that somebody wrote', () => {
    const { html } = bodyOf({ tables: [table] });
    expect(html).toMatch(/<caption [^>]*>By model<\/caption>/);
    expect(html.match(/<th scope="col"/g)).toHaveLength(3);
    expect(html.match(/<th scope="row"/g)).toHaveLength(2);
    expect(html).toContain('&lt;gpt&gt; &amp; &quot;co&quot;');
    expect(html).toContain('abc[U+202E]txt');
    expect(html).not.toMatch(/<gpt>|\u202E/);
  });

  test('is left out where there is none', () => {
    expect(bodyOf({}).text).toBe('Before.\n');
    expect(bodyOf({}).html).not.toContain('<caption');
  });
});
