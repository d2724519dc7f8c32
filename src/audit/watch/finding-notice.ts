import type { EventPublisher } from '../../notify/service.ts';
import type { MailContent } from '../../platform/mail-message.ts';
import type { Transaction } from '../../platform/unit-of-work.ts';
import type { People } from '../../tenancy/service.ts';
import type { Finding, FindingKind } from '../rules/watch/finding.ts';
import { mailAll, peopleToTell } from '../told-people.ts';

/** A finding, whom it is about and which entry showed it. */
export interface PersonFinding extends Finding {
  readonly person: string;
  readonly at: Date;
  readonly seq: number;
  readonly team: string | null;
}

/** What is older was overtaken by events: it stands in the log, and nobody is roused for it. */
const TOLD_WITHIN_MS = 86_400_000;

const WORDS: Readonly<
  Record<FindingKind, { readonly subject: string; readonly sentence: (finding: Finding) => string }>
> = {
  new_network: {
    subject: 'Access from a new network',
    sentence: ({ counts }) =>
      `used Countersign from a network where they were never seen before, on ${counts['days']} days.`,
  },
  new_country: {
    subject: 'Access from a new country',
    sentence: ({ counts }) =>
      `used Countersign from a country where they were never seen before, on ${counts['days']} days.`,
  },
  unusual_hour: {
    subject: 'Access at an unusual hour',
    sentence: ({ counts }) =>
      `used Countersign between ${counts['hour']}:00 and ${counts['hour']}:59, when they were never seen before, on ${counts['days']} days.`,
  },
  denials: {
    subject: 'Many refused requests',
    sentence: ({ counts }) => `was refused ${counts['denials']} requests within ${duration(counts['seconds'])}.`,
  },
  mass_reads: {
    subject: 'Much was read',
    sentence: ({ counts }) =>
      `read ${counts['objects']} different objects and made ${counts['exports']} exports within ${duration(counts['seconds'])}.`,
  },
};

/** Writes findings down and has those told who can do something about them. All in the transaction that found them. */
export class FindingNotice {
  readonly #people: People;
  readonly #webhooks: EventPublisher;

  constructor(parts: { people: People; webhooks: EventPublisher }) {
    this.#people = parts.people;
    this.#webhooks = parts.webhooks;
  }

  async write(tx: Transaction, finding: PersonFinding): Promise<void> {
    const { kind, counts, person, seq, team } = finding;
    tx.record({
      action: 'audit.finding',
      resource: { type: 'person', id: person },
      team,
      detail: { kind, seq, ...counts },
    });
    if (tx.at.getTime() - finding.at.getTime() <= TOLD_WITHIN_MS) await this.#tell(tx, finding);
  }

  /** @param first the place in the log of the first entry that is missing; @param entries how many are */
  async writeMissing(tx: Transaction, first: number, entries: number): Promise<void> {
    const { organization } = tx.origin;
    tx.record({
      action: 'audit.entries_missing',
      resource: { type: 'organization', id: organization },
      detail: { kind: 'entries_missing', seq: first, entries },
    });
    const recipients = await peopleToTell(tx.em, organization, null, tx.at);
    const profiles = await this.#people.profiles(tx.em, organization, recipients);
    mailAll(tx, recipients, profiles, contentOfMissing(first, entries), {
      template: 'audit-entries-missing',
      subjects: [],
    });
  }

  async #tell(tx: Transaction, finding: PersonFinding): Promise<void> {
    const { kind, counts, person, seq, at } = finding;
    const { organization } = tx.origin;
    const recipients = await peopleToTell(tx.em, organization, finding.team, tx.at);
    const profiles = await this.#people.profiles(tx.em, organization, [person, ...recipients]);
    mailAll(tx, recipients, profiles, contentOf(finding, profiles.nameOf(person)), {
      template: 'audit-finding',
      subjects: [person],
    });
    const data = { finding: { kind, user_id: profiles.of(person).alias, at: at.toISOString(), seq, counts } };
    await this.#webhooks.enqueue(tx, { type: 'audit.finding', data, subjects: [person] });
  }
}

function contentOf(finding: PersonFinding, name: string): MailContent {
  const { subject, sentence } = WORDS[finding.kind];
  return {
    subject: `${subject}: ${name}`,
    paragraphs: [
      `${name} ${sentence(finding)}`,
      'If they cannot explain it, revoke their keys and end their sign-ins: somebody else may be using them.',
    ],
    facts: [
      ['When', `${finding.at.toISOString().slice(0, 16).replace('T', ' ')} UTC`],
      ['Entry of the audit log', String(finding.seq)],
    ],
    footer:
      'You are told because you are an owner, admin or auditor. What counts as unusual is a setting of the organization.',
  };
}

function contentOfMissing(first: number, entries: number): MailContent {
  return {
    subject: 'Entries of the audit log are missing',
    paragraphs: [
      `The audit log says that ${entries === 1 ? 'an entry was' : `${entries} entries were`} written that ${entries === 1 ? 'is' : 'are'} neither in the database nor in an archive, or not what was sealed.`,
      'Have the operator run `npx countersign audit check`, which names each of them, and restore them from a backup.',
    ],
    facts: [['First missing entry of the audit log', String(first)]],
    footer: 'You are told because you are an owner, admin or auditor.',
  };
}

function duration(seconds = 0): string {
  if (seconds % 3600 === 0) return seconds === 3600 ? 'an hour' : `${seconds / 3600} hours`;
  return seconds % 60 === 0 ? `${seconds / 60} minutes` : `${seconds} seconds`;
}
