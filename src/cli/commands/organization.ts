import type { Config } from '../../config.ts';
import { newId } from '../../platform/ids.ts';
import { makeOrganization } from '../../tenancy/organizations.ts';
import { newOrganizationSchema } from '../../tenancy/schemas.ts';
import { withApplication } from '../application.ts';
import { say, saySecret } from '../output.ts';
import { CommandRefused } from '../refusal.ts';
import { OPERATOR } from '../operator.ts';

/** Makes an organization and shows its owner's key. */
export async function createOrganization(config: Config, name: string): Promise<void> {
  const parsed = newOrganizationSchema.safeParse({ name });
  if (!parsed.success) throw new CommandRefused('A name is one line of 1 to 200 characters. Give another one.');
  const { organization, secret } = await withApplication(config, ({ work }) =>
    work.write({ organization: newId(), actor: OPERATOR, requestId: null }, async (tx) =>
      makeOrganization(tx, work.vault, { name: parsed.data.name, ownerKind: 'owner' }),
    ),
  );
  say(`Made the organization ${organization.id}.`);
  saySecret('Its owner’s key, shown this once:', secret);
}
