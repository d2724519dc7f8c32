import { DEFAULT_ORGANIZATION } from '../../../src/bootstrap.ts';
import { type AlertView, currentAlerts } from '../../../src/budgets/service.ts';
import type { Core } from '../../../src/composition.ts';
import { teamByAlias } from '../../../src/tenancy/service.ts';

/** What the billing page shows of a team's alerts; of the organization's where there is no team. */
export function alertsOf({ work }: Core, team: string | null): Promise<AlertView[]> {
  return work.read(DEFAULT_ORGANIZATION, async (em) =>
    currentAlerts(em, team === null ? DEFAULT_ORGANIZATION : (await teamByAlias(em, DEFAULT_ORGANIZATION, team)).id),
  );
}
