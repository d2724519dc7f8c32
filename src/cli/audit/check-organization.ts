import type { CheckedLog, LogCheck } from '../../audit/checking/log-check.ts';
import type { Report } from '../../audit/checking/finding.ts';
import { type CheckedJournal, JournalCheck, type JournalCheckParts } from '../../budgets/journal/journal-check.ts';

export interface CheckParts extends JournalCheckParts {
  readonly logs: LogCheck;
}

/**
 * Checks an organization's log, and on the way through it the reservations that its digests tell of.
 * @throws Unavailable, ArchiveUnavailable
 */
export async function checkOrganization(
  parts: CheckParts,
  organization: string,
  report: Report,
): Promise<{ readonly log: CheckedLog; readonly journal: CheckedJournal }> {
  const reservations = await JournalCheck.begin(parts, organization, report);
  const log = await parts.logs.check(organization, report, {
    action: 'reservations.recorded',
    take: (seq, detail) => reservations.take(seq, detail),
  });
  return { log, journal: await reservations.finish(log.waiting === 0) };
}
