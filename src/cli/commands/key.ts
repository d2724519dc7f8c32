import { text } from 'node:stream/consumers';
import { DEFAULT_ORGANIZATION } from '../../bootstrap.ts';
import type { Config } from '../../config.ts';
import { sha256 } from '../../platform/crypto/master-key.ts';
import { ProblemError } from '../../platform/errors.ts';
import { isUuid, newId } from '../../platform/ids.ts';
import type { Origin } from '../../platform/unit-of-work.ts';
import { liveKey, makeKey, revokeKey } from '../../tenancy/keys.ts';
import { SCOPES } from '../../tenancy/rules/permissions.ts';
import { type Application, withApplication } from '../application.ts';
import { OPERATOR } from '../operator.ts';
import { say, saySecret } from '../output.ts';
import { CommandRefused } from '../refusal.ts';

/** Stands for "the key itself comes on standard input", where neither shell history nor process list show it. */
const FROM_INPUT = '-';

interface KeyRef {
  readonly id: string;
  readonly organization: string;
}

/** Revokes a key at once, whoever's it is. */
export async function revokeKeyCommand(
  config: Config,
  id: string,
  options: { readonly organization?: string },
): Promise<void> {
  const leaked = id === FROM_INPUT ? (await text(process.stdin)).trim() : null;
  await withApplication(config, async (application) => {
    const ref = leaked === null ? refOf(id, options.organization) : await findLeaked(application, leaked);
    await revoke(application, ref);
    say(`Revoked the key ${ref.id}. It is refused from now on.`);
  });
}

/** Makes another operator's key, for whoever has lost the first one. */
export async function createOperatorKey(config: Config): Promise<void> {
  const secret = await withApplication(config, ({ work }) =>
    work.write(
      origin(DEFAULT_ORGANIZATION),
      async (tx) =>
        makeKey(tx, {
          id: newId(),
          kind: 'operator',
          person: null,
          serviceName: 'owner',
          team: null,
          scopes: SCOPES,
          expiresAt: null,
        }).secret,
    ),
  );
  saySecret('A new key of operator and owner of the organization `default`, shown this once:', secret);
  say(
    'Earlier ones keep working. Revoke the lost one: `npx countersign key revoke <id>`; `GET /api/v1/api-keys` lists them.',
  );
}

function refOf(id: string, organization: string = DEFAULT_ORGANIZATION): KeyRef {
  for (const [what, value] of [
    ['key', id],
    ['organization', organization],
  ] as const) {
    if (!isUuid(value))
      throw new CommandRefused(
        `“${value}” is no id of a ${what}. Ids are UUIDs; \`GET /api/v1/api-keys\` lists those of keys.`,
      );
  }
  return { id, organization };
}

async function findLeaked({ work }: Application, secret: string): Promise<KeyRef> {
  const rows = await work.database
    .fork(null)
    .execute<{ key_id: string; organization_id: string }[]>(
      'select key_id, organization_id from countersign.authenticate(?)',
      [sha256(secret)],
    );
  const [row] = rows;
  if (!row) throw new CommandRefused('There is no such key. Send the whole key on standard input, without quotes.');
  return { id: row.key_id, organization: row.organization_id };
}

async function revoke({ work }: Application, { id, organization }: KeyRef): Promise<void> {
  try {
    await work.write(origin(organization), async (tx) => revokeKey(tx, await liveKey(tx.em, organization, id)));
  } catch (error) {
    if (!(error instanceof ProblemError && error.code === 'not-found')) throw error;
    throw new CommandRefused(
      `The organization ${organization} has no live key ${id}: it is revoked already, or belongs to another organization (--organization <id>).`,
    );
  }
}

function origin(organization: string): Origin {
  return { organization, actor: OPERATOR, requestId: null };
}
