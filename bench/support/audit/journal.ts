import type { Client } from 'pg';
import { lastDrawn } from '../../../src/budgets/journal/horizon.ts';
import { MinuteDigests } from '../../../src/budgets/journal/minute-digests.ts';
import type { TamperedPlace } from './table-tampering.ts';

/** Holds money for an hour. Triggers write the journal. */
const HOLD = `
  insert into countersign.reservations (id, organization_id, request, team_id, person_id, amount, currency, periods, leases, created_at, expires_at)
  select gen_random_uuid(), $1, sha256(convert_to(n::text, 'UTF8')), gen_random_uuid(), gen_random_uuid(), n, 'USD', '{}', '{}', now(), now() + interval '1 hour'
  from generate_series(1, 6) n`;
/** As a transaction does that is taken back. */
const LEAVE_A_GAP = `select nextval('countersign.reservation_change_numbers') where $1::uuid is not null`;
const SETTLE = `
  update countersign.reservations set state = 'settled', cost = amount / 2, settlement = request, closed_at = now()
  where organization_id = $1 and amount > 4`;
const MINUTE_MS = 60_000;

/** Holds and settles a few reservations, and has them digested, as if their minute were over. */
export async function writeJournal(
  { admin, work, sealer }: Pick<TamperedPlace, 'work' | 'sealer'> & { readonly admin: Client },
  organization: string,
): Promise<void> {
  for (const sql of [HOLD, LEAVE_A_GAP, SETTLE]) await admin.query(sql, [organization]);
  const digests = new MinuteDigests({ work, sealer });
  const cut = { last: await lastDrawn(sealer), at: new Date(Date.now() + 2 * MINUTE_MS) };
  while (await digests.step(organization, cut));
}

/** How many entries of a log are sealed. */
export async function sealedSize(admin: Client, organization: string): Promise<number> {
  const { rows } = await admin.query<{ size: number }>(
    'select size::int as size from countersign.audit_logs where organization_id = $1',
    [organization],
  );
  return rows[0]?.size ?? 0;
}
