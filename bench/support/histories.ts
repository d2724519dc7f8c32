import { Client, Connection } from '@temporalio/client';
import { approvalWorkflowId } from '../../workflows/contracts/approvals.ts';
import { median } from './statistics.ts';
import type { TemporalOnPostgres } from './temporal-server.ts';

/** How many events the histories of these approvals have, in words. */
export async function countHistoryEvents(
  { address, namespace }: Pick<TemporalOnPostgres, 'address' | 'namespace'>,
  approvals: readonly string[],
): Promise<string> {
  const connection = await Connection.connect({ address });
  try {
    const client = new Client({ connection, namespace });
    const counts: number[] = [];
    for (const approval of approvals) {
      const { events } = await client.workflow.getHandle(approvalWorkflowId(approval)).fetchHistory();
      counts.push(events?.length ?? 0);
    }
    return `median ${median(counts)}, at most ${Math.max(...counts)} (of ${counts.length} approvals)`;
  } finally {
    await connection.close();
  }
}
