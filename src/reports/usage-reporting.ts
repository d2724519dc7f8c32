import type { Logger } from 'pino';
import type { UsageReportOutcome, UsageReportPlan } from '../../workflows/contracts/usage-report.ts';
import { newId } from '../platform/ids.ts';
import { type MailContent, mailMessage } from '../platform/mail-message.ts';
import type { Origin, Transaction, UnitOfWork } from '../platform/unit-of-work.ts';
import { type People, type Profiles, type Recipient, recipientsOf, reportingOf } from '../tenancy/service.ts';
import { readFigures, type ReportFigures } from './figures.ts';
import { reportMail } from './report-mail.ts';
import { type ReportPeriod, reportPeriod } from './rules.ts';
import { requestSchedule } from './schedule-requests.ts';
import { AlreadyReported, claimReport, isReported } from './store.ts';

export interface UsageReportingParts {
  readonly work: UnitOfWork;
  readonly people: People;
  readonly logger: Logger;
  /** Told of every attempt. */
  readonly onOutcome: (frequency: string, outcome: UsageReportOutcome | 'failed') => void;
}

/** A report that is ready to be sent. */
interface PreparedReport {
  readonly period: ReportPeriod;
  readonly recipients: readonly Recipient[];
  readonly content: MailContent;
  /** Everybody whom it tells about and who was not erased. */
  readonly members: readonly string[];
  readonly includeMembers: boolean;
}

/** Makes usage reports and has them mailed, each once. */
export class UsageReporting {
  readonly #parts: UsageReportingParts;

  constructor(parts: UsageReportingParts) {
    this.#parts = parts;
  }

  /**
   * Reports the last period that was over at a moment to those whom the settings name now.
   * @throws Unavailable
   */
  async send(plan: UsageReportPlan, dueAt: Date): Promise<UsageReportOutcome> {
    const { logger, onOutcome } = this.#parts;
    const { team, frequency } = plan;
    try {
      const outcome = await this.#send(plan, dueAt);
      onOutcome(frequency, outcome);
      logger.info({ team, frequency, outcome }, 'a usage report was due');
      return outcome;
    } catch (error) {
      onOutcome(frequency, 'failed');
      logger.warn({ team, frequency, due: dueAt }, 'a usage report could not be made');
      throw error;
    }
  }

  async #send(plan: UsageReportPlan, dueAt: Date): Promise<UsageReportOutcome> {
    const prepared = await this.#prepare(plan, reportPeriod(dueAt, plan.frequency, plan));
    const outcome = typeof prepared === 'string' ? prepared : await this.#mail(plan, prepared);
    if (outcome === 'not-wanted') await this.#correctSchedule(plan);
    return outcome;
  }

  /** Reads everything at one moment, so that parts and totals belong together. */
  #prepare(plan: UsageReportPlan, period: ReportPeriod): Promise<PreparedReport | 'already-sent' | 'not-wanted'> {
    const { work, people } = this.#parts;
    const { organization, team, frequency } = plan;
    return work.read(organization, async (em) => {
      const reporting = await reportingOf(em, work.vault, organization, team);
      if (reporting?.frequency !== frequency) return 'not-wanted';
      if (await isReported(em, { team, frequency, firstDay: period.firstDay })) return 'already-sent';
      const { includeMembers } = reporting;
      const figures = await readFigures(em, plan, period, includeMembers);
      const named = peopleIn(figures);
      const profiles = await people.profiles(em, organization, named);
      return {
        period,
        recipients: await recipientsOf(em, people, organization, reporting.recipients),
        content: reportMail(plan, figures, profiles),
        members: named.filter((person) => isKnown(profiles, person)),
        includeMembers,
      };
    });
  }

  async #mail(plan: UsageReportPlan, prepared: PreparedReport): Promise<UsageReportOutcome> {
    try {
      await this.#commit(plan, prepared);
      return 'sent';
    } catch (error) {
      if (error instanceof AlreadyReported) return 'already-sent';
      throw error;
    }
  }

  /** One transaction: the report's place, its mails, and its audit entry. @throws AlreadyReported */
  #commit(plan: UsageReportPlan, prepared: PreparedReport): Promise<void> {
    const origin: Origin = {
      organization: plan.organization,
      actor: { type: 'workflow', id: null },
      requestId: null,
    };
    return this.#parts.work.write(origin, async (tx) => {
      const report = await claimReport(tx, plan, prepared.period);
      for (const recipient of prepared.recipients) post(tx, report, recipient, prepared);
      tx.record({
        action: 'usage_report.sent',
        resource: { type: 'usage_report', id: report },
        team: plan.team,
        detail: {
          frequency: plan.frequency,
          first_day: prepared.period.firstDay,
          last_day: prepared.period.lastDay,
          timezone: plan.timezone,
          recipients: prepared.recipients.length,
          members: prepared.includeMembers,
        },
      });
    });
  }

  /** Whatever had it made does not know the settings: a Schedule that was restored with Temporal, say. */
  async #correctSchedule({ organization, team }: UsageReportPlan): Promise<void> {
    const origin: Origin = { organization, actor: { type: 'system', id: null }, requestId: null };
    await this.#parts.work.bookkeep(origin, async (tx) => requestSchedule(tx, team));
  }
}

/** Sealed for the recipient and everybody whom it tells about: readable only while all of them are known. */
function post(tx: Transaction, report: string, { email, subject, person }: Recipient, prepared: PreparedReport): void {
  tx.enqueue(
    mailMessage({
      ...prepared.content,
      id: newId(tx.at),
      to: email,
      subjects: [...new Set([subject, ...prepared.members])],
      reference: { template: 'usage-report', report, person },
    }),
  );
}

function peopleIn({ members, budgets }: ReportFigures): string[] {
  const inTables = (members?.top ?? []).map(({ key }) => key);
  return [...new Set([...inTables, ...budgets.flatMap(({ person }) => person ?? [])])];
}

function isKnown(profiles: Profiles, person: string): boolean {
  return profiles.of(person).email !== null;
}
