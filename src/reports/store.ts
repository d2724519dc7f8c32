import type { EntityManager } from '@mikro-orm/postgresql';
import { newId } from '../platform/ids.ts';
import type { Transaction } from '../platform/unit-of-work.ts';
import { UsageReport } from './entities.ts';
import type { ReportFrequency, ReportPeriod } from './rules.ts';

/** What makes a report the same as another one. */
export interface ReportKey {
  readonly team: string;
  readonly frequency: ReportFrequency;
  readonly firstDay: string;
}

/** Whether a report was sent. */
export async function isReported(em: EntityManager, { team, frequency, firstDay }: ReportKey): Promise<boolean> {
  return (await em.count(UsageReport, { team, frequency, firstDay })) > 0;
}

/** Thrown where another transaction has sent the same report: nothing of this one is to be kept. */
export class AlreadyReported extends Error {
  readonly code = 'already-reported';
}

/** Takes the one place of this report. @returns its id; @throws AlreadyReported */
export async function claimReport(
  { em, origin, at }: Transaction,
  plan: { readonly team: string; readonly frequency: ReportFrequency; readonly timezone: string },
  period: ReportPeriod,
): Promise<string> {
  const [row] = await em.execute<{ id: string }[]>(
    `insert into countersign.usage_reports (id, organization_id, team_id, frequency, first_day, timezone, starts_at, ends_at, created_at)
     values (?, ?, ?, ?, ?, ?, ?, ?, ?) on conflict (organization_id, team_id, frequency, first_day) do nothing returning id`,
    [
      newId(at),
      origin.organization,
      plan.team,
      plan.frequency,
      period.firstDay,
      plan.timezone,
      period.from,
      period.until,
      at,
    ],
  );
  if (!row) throw new AlreadyReported();
  return row.id;
}
