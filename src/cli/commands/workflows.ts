import { Client } from 'pg';
import type { Config } from '../../config.ts';
import { DATABASE_ROLES } from '../../platform/database/tenant-table.ts';
import { describeDatabaseFailure } from '../../platform/database/unusable.ts';
import { findInstallation } from '../installation.ts';
import { say } from '../output.ts';

/** One message for each open request, each export that is being prepared and each budget that has crossed something, of every organization: the relay starts the workflows of those that have none. */
const ENQUEUE_STARTS = `
  insert into countersign.outbox (id, organization_id, channel, reference, created_at, due_at)
  select gen_random_uuid(), organization_id, 'workflow', jsonb_build_object('type', 'start', 'approval', id), now(), now()
  from countersign.approvals where state in ('pending', 'changes_requested')
  union all
  select gen_random_uuid(), organization_id, 'workflow', jsonb_build_object('type', 'audit-export', 'export', id), now(), now()
  from countersign.audit_exports where state = 'preparing'
  union all
  select gen_random_uuid(), organization_id, 'budget', jsonb_build_object('type', 'terms-changed', 'budget', budget_id, 'period', id), now(), now()
  from countersign.budget_periods p
  where ends_at > now() and (noted > 0 or refused_at is not null or exists (select from countersign.budget_measures m where m.period_id = p.id))`;

/**
 * Has the workflow of every open request, export and crossed budget started that does not run: after Temporal's state was lost, or left behind for a new
 * namespace. One that runs is left alone.
 */
export async function resumeWorkflows(config: Config): Promise<void> {
  const { migrationUrl } = findInstallation(config);
  const count = await enqueueStarts(migrationUrl);
  say(
    count === 0
      ? 'No request is open, no export is being prepared and no budget has crossed anything: there is nothing to resume.'
      : `${count} open requests, exports and crossed budgets: the workflows of those that have none are started by the worker, from now on.`,
  );
}

async function enqueueStarts(url: string): Promise<number> {
  const client = new Client({ connectionString: url, options: `-c role=${DATABASE_ROLES.owner}` });
  try {
    await client.connect();
    return (await client.query(ENQUEUE_STARTS)).rowCount ?? 0;
  } catch (error) {
    throw describeDatabaseFailure(error, url);
  } finally {
    await client.end();
  }
}
