import { Pool } from 'pg';
import type { Progress } from '../../src/platform/embedded/progress.ts';
import { runCrowd } from '../../test/budgets/support/crowd.ts';
import { liveHistories } from '../../test/budgets/support/histories.ts';
import type { BudgetDatabase } from './budget-database.ts';
import { timed } from './concurrency.ts';

const PROCESSES = 4;

/** @returns whether no budget was ever passed, and every account came out right */
export async function watchCrowd(
  { url, adminUrl }: BudgetDatabase,
  { clients, rounds }: { readonly clients: number; readonly rounds: number },
  say: Progress,
): Promise<boolean> {
  say(`\n${clients} clients in ${PROCESSES} processes, two of them killed; each reserves ${rounds} times`);
  let isRight = true;
  for (const shared of [false, true]) {
    const each = Math.ceil(clients / PROCESSES);
    const { ms, result } = await timed(() => runCrowd({ url, adminUrl, clients: each, rounds, shared }));
    const { looks, wrong, late, exitCodes, freed, end, counted, limit, spent } = result;
    const held = end.filter((account) => Number(account.held) !== 0).length;
    say(
      `  ${shared ? 'parts leased to teams' : 'one row each'}: ${looks} looks at every budget in ${(ms / 1000).toFixed(0)} s, ${wrong.length} passed or torn (goal: 0), ${late} settled late, ${freed} holds of the killed freed, ${held} left; ${counted} of ${limit} counted, ${spent} spent`,
    );
    isRight &&= wrong.length === 0 && held === 0 && counted === spent && exitCodes.every((code) => code === 0);
  }
  return isRight;
}

/** @throws with the shortest history in which the tables and the model do not agree */
export async function compareHistories(
  { adminUrl, database }: BudgetDatabase,
  { count, atOnce }: { readonly count: number; readonly atOnce: number },
  say: Progress,
): Promise<void> {
  say(`\n${count} random histories, in the tables and in a model`);
  const admin = new Pool({ connectionString: adminUrl, max: atOnce });
  try {
    const { ms } = await timed(() => liveHistories(database, admin, { count, atOnce }));
    say(`  agree on every answer and figure (${(ms / 1000).toFixed(0)} s)`);
  } finally {
    await admin.end();
  }
}
