import { Client } from 'pg';
import type { Config } from '../../config.ts';
import { DATABASE_ROLES } from '../../platform/database/tenant-table.ts';
import { describeDatabaseFailure } from '../database-failure.ts';
import { findInstallation } from '../installation.ts';
import { say } from '../output.ts';

/** One message for each open request and each export that is being prepared, of every organization: the relay starts the workflows of those that have none. */
const ENQUEUE_STARTS = `
  insert into countersign.outbox (id, organization_id, channel, reference, created_at, due_at)
  select gen_random_uuid(), organization_id, 'workflow', jsonb_build_object('type', 'start', 'approval', id), now(), now()
  from countersign.approvals where state in ('pending', 'changes_requested')
  union all
  select gen_random_uuid(), organization_id, 'workflow', jsonb_build_object('type', 'audit-export', 'export', id), now(), now()
  from countersign.audit_exports where state = 'preparing'`;

/**
 * Has the workflow of every open request and export started that does not run: after Temporal's state was lost, or left behind for a new
 * namespace. One that runs is left alone.
 */
export async function resumeWorkflows(config: Config): Promise<void> {
  const { migrationUrl } = findInstallation(config);
  const count = await enqueueStarts(migrationUrl);
  say(
    count === 0
      ? 'No request is open and no export is being prepared: there is nothing to resume.'
      : `${count} open requests and exports: the workflows of those that have none are started by the worker, from now on.`,
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
