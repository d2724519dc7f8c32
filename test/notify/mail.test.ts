import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { MAIL_RETRY_FOR_MS, MailHandler } from '../../src/notify/mail-handler.ts';
import type { OutboxMessage } from '../../src/platform/unit-of-work.ts';
import { lane, startRelay, type StartedRelay } from './support/relays.ts';
import { TestSmtpServer } from './support/smtp-server.ts';
import { World } from './support/world.ts';

let world: World;
let smtp: TestSmtpServer;
let started: StartedRelay;
let organization: string;
let person: string;

beforeAll(async () => {
  world = await World.open();
  organization = await world.organization();
  person = await world.person(organization);
});

beforeEach(async () => {
  smtp = new TestSmtpServer();
  await smtp.start();
  const handler = new MailHandler({
    smtpUrl: smtp.url,
    from: 'Countersign <countersign@example.com>',
    publicUrl: 'https://approve.example.com:8443/x',
  });
  started = startRelay(world, { mail: lane(handler, { retryForMs: MAIL_RETRY_FOR_MS }) }, { random: () => 0 });
});

afterEach(async () => {
  await started.relay.stop(5_000);
  await smtp.stop();
  await world.admin.query('delete from countersign.outbox');
});

afterAll(() => world.close());

function mail(content: { to?: string; subject?: string; from?: string } = {}): OutboxMessage {
  const body = {
    to: 'jane@example.com',
    subject: 'Please decide',
    text: 'Text with a link.',
    html: '<p>HTML with a link.</p>',
    ...content,
  };
  return { id: randomUUID(), channel: 'mail', reference: {}, body: { subjects: [person], text: JSON.stringify(body) } };
}

/** Lets the pause after a failure pass. */
function later(): void {
  world.clock.advance(16 * 60_000);
  world.notifier.outboxFilled();
}

describe('a mail', () => {
  test('arrives with both parts, and headers that make it recognizable and unanswerable', async () => {
    const message = mail({ subject: 'Größe: 300 €' });
    await world.enqueue(organization, message);
    await started.metrics.times('delivered', 1);
    const [received] = smtp.received.items;
    expect(received).toMatchObject({ from: 'countersign@example.com', to: ['jane@example.com'] });
    const { parsed, raw } = received!;
    expect(parsed).toMatchObject({ subject: 'Größe: 300 €', messageId: `<${message.id}@approve.example.com>` });
    expect(parsed.from?.value).toEqual([{ name: 'Countersign', address: 'countersign@example.com' }]);
    expect(parsed.text).toContain('Text with a link.');
    expect(parsed.html).toContain('HTML with a link.');
    expect(parsed.headers.get('auto-submitted')).toBe('auto-generated');
    expect(parsed.headers.get('x-auto-response-suppress')).toBe('All');
    expect(Math.abs(parsed.date!.getTime() - world.clock.now().getTime())).toBeLessThan(60_000);
    expect(raw).not.toMatch(/nodemailer/i);
    expect(await world.outbox()).toEqual([]);
  });

  test('keeps its date and Message-ID over every attempt', async () => {
    smtp.atData = () => '451 4.3.0 not now';
    await world.enqueue(organization, mail());
    const madeAt = world.clock.now();
    await started.metrics.times('retried', 1);
    smtp.atData = () => null;
    world.clock.advance(3_600_000);
    world.notifier.outboxFilled();
    await started.metrics.times('delivered', 1);
    expect(Math.abs(smtp.received.items[0]!.parsed.date!.getTime() - madeAt.getTime())).toBeLessThan(2_000);
  });

  test('goes to one address, whatever stands in its subject', async () => {
    await world.enqueue(organization, mail({ subject: 'Hello\r\nBcc: eve@example.com\r\n\r\nbody' }));
    await started.metrics.times('delivered', 1);
    const [received] = smtp.received.items;
    expect(smtp.asked.items).toEqual(['jane@example.com']);
    expect(received!.parsed.subject).toBe('Hello Bcc: eve@example.com body');
    expect(received!.parsed.bcc).toBeUndefined();
  });

  test.each([
    'jane@example.com\r\nBcc: eve@example.com',
    'jane@example.com, eve@example.com',
    'Jane <jane@example.com>',
  ])('to %j goes nowhere', async (to) => {
    await world.enqueue(organization, mail({ to }));
    await started.metrics.times('given-up', 1);
    expect(smtp.asked.items).toEqual([]);
    expect(await world.outbox()).toMatchObject([{ last_error: 'invalid-mail-address', body: null }]);
  });

  test('that is none is given up', async () => {
    await world.enqueue(
      organization,
      { ...mail(), body: { subjects: [person], text: '{"to":"jane@example.com"}' } },
      { ...mail(), body: { subjects: [person], text: 'no json' } },
    );
    await started.metrics.times('given-up', 2);
    expect((await world.outbox()).map((row) => row.last_error)).toEqual(['not-a-mail', 'not-a-mail']);
  });

  test('may have a sender of its own', async () => {
    await world.enqueue(organization, mail({ from: 'Security <security@example.com>' }));
    await started.metrics.times('delivered', 1);
    expect(smtp.received.items[0]).toMatchObject({ from: 'security@example.com' });
  });
});

describe('a server that refuses', () => {
  test('for now: the mail waits, its body stays sealed, and it goes out later', async () => {
    smtp.atRecipient = () => '450 4.2.0 <jane@example.com> greylisted';
    await world.enqueue(organization, mail());
    await started.metrics.times('retried', 1);
    const [row] = await world.outbox();
    expect(row).toMatchObject({ last_error: 'smtp-450-4.2.0', failed_at: null });
    expect(row!.body!.includes('jane@example.com')).toBe(false);
    smtp.atRecipient = () => null;
    later();
    await started.metrics.times('delivered', 1);
    expect(smtp.received.items).toHaveLength(1);
  });

  test('for good: given up at once, without the address in the log', async () => {
    smtp.atRecipient = () => '550 5.1.1 <jane@example.com> no such user';
    await world.enqueue(organization, mail());
    await started.metrics.times('given-up', 1);
    expect(await world.outbox()).toMatchObject([{ last_error: 'smtp-550-5.1.1', body: null, attempts: 1 }]);
    expect(world.logLines.join()).not.toMatch(/jane|Please decide/);
  });

  test('because the mailbox is full: tried for five days, then given up', async () => {
    smtp.atRecipient = () => '552 5.2.2 mailbox full';
    await world.enqueue(organization, mail());
    await started.metrics.times('retried', 1);
    world.clock.advance(MAIL_RETRY_FOR_MS - 60_000);
    world.notifier.outboxFilled();
    await started.metrics.times('retried', 2);
    later();
    await started.metrics.times('given-up', 1);
    expect(await world.outbox()).toMatchObject([{ last_error: 'smtp-552-5.2.2', body: null }]);
  });

  test('one recipient does not stop the mails of the others', async () => {
    smtp.atRecipient = (address) => (address.startsWith('bad') ? '550 5.1.1 no' : null);
    const all = Array.from({ length: 30 }, (_, i) => mail({ to: `${i % 3 === 0 ? 'bad' : 'good'}-${i}@example.com` }));
    await world.enqueue(organization, ...all);
    await Promise.all([started.metrics.times('delivered', 20), started.metrics.times('given-up', 10)]);
    expect(new Set(smtp.received.items.map(({ to }) => to[0])).size).toBe(20);
  });
});

describe('a server that is away', () => {
  test('is waited for: every mail arrives once when it is back', async () => {
    await smtp.stop();
    await world.enqueue(organization, ...Array.from({ length: 10 }, (_, i) => mail({ to: `p${i}@example.com` })));
    await started.metrics.times('retried', 10);
    expect(new Set((await world.outbox()).map((row) => row.last_error))).toEqual(new Set(['smtp-unreachable']));
    const back = new TestSmtpServer();
    await back.start(smtp);
    later();
    await started.metrics.times('delivered', 10);
    expect(back.received.items.map(({ to }) => to[0]).toSorted()).toEqual(
      Array.from({ length: 10 }, (_, i) => `p${i}@example.com`),
    );
    smtp = back;
  });
});
