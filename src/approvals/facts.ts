import type { FactsReader } from '../tenancy/service.ts';
import type { ApprovalRow } from './entities.ts';
import type { OrganizationFacts } from './rules.ts';

/** The organization as it is now, seen from one request. */
export async function factsFor(
  reader: FactsReader,
  request: Pick<ApprovalRow, 'team' | 'requester'>,
): Promise<OrganizationFacts> {
  const { teamPath, holders, absences, inactive, managerOf } = await reader.ofTeam(request.team);
  return { teamPath, holders, absences, inactive, requestersManager: managerOf(request.requester) };
}
