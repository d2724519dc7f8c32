import { newSecret } from './platform/ids.ts';
import type { UnitOfWork } from './platform/unit-of-work.ts';
import { Organization } from './tenancy/entities.ts';
import { makeOrganization } from './tenancy/organizations.ts';

/** The first organization's id is fixed, so that processes which start at the same time make it once. */
export const DEFAULT_ORGANIZATION = '00000000-0000-7000-8000-000000000001';

/**
 * Makes the organization `default` at the first start.
 * @param bootstrapKey the operator's choice of key; one is made where there is none
 * @returns the operator's key where it was made just now, to be shown this once; null at every later start
 */
export async function bootstrap(work: UnitOfWork, bootstrapKey: string | null): Promise<string | null> {
  const origin = { organization: DEFAULT_ORGANIZATION, actor: { type: 'system' as const, id: null }, requestId: null };
  const known = await work.read(DEFAULT_ORGANIZATION, (em) => em.findOne(Organization, { id: DEFAULT_ORGANIZATION }));
  if (known) return null;
  const secret = bootstrapKey ?? `cs_${newSecret()}`;
  await work.write(origin, async (tx) => {
    makeOrganization(tx, work.vault, { name: 'default', ownerKind: 'operator', secret });
  });
  return secret;
}
