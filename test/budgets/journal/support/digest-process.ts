/** A process that does nothing but digest one journal, for tests that kill it. What it needs stands in its environment. */
import { pino } from 'pino';
import { writeAudit } from '../../../../src/audit/store.ts';
import { Horizon } from '../../../../src/budgets/journal/horizon.ts';
import { MinuteDigests } from '../../../../src/budgets/journal/minute-digests.ts';
import { entities } from '../../../../src/entities.ts';
import { settleOutbox, writeOutbox } from '../../../../src/notify/outbox.ts';
import { systemClock as clock } from '../../../../src/platform/clock.ts';
import { MasterKey } from '../../../../src/platform/crypto/master-key.ts';
import { Vault } from '../../../../src/platform/crypto/vault.ts';
import { BareDatabase } from '../../../../src/platform/database/bare.ts';
import { Database } from '../../../../src/platform/database/database.ts';
import { DATABASE_ROLES } from '../../../../src/platform/database/tenant-table.ts';
import { UnitOfWork } from '../../../../src/platform/unit-of-work.ts';

const { DATABASE_URL: url = '', SECRET_KEY: secret = '', ORGANIZATION: organization = '' } = process.env;
const logger = pino({ level: 'silent' });
const open = (role: string) => Database.open({ url, role, entities, poolSize: 2, logger });
const sealer = new BareDatabase(open(DATABASE_ROLES.sealer));
const work = new UnitOfWork({
  database: open(DATABASE_ROLES.app),
  vault: new Vault(new MasterKey(secret)),
  clock,
  log: { writeAudit, writeOutbox, settleOutbox },
  notifier: { outboxFilled: () => undefined, auditWritten: () => undefined, changed: () => undefined },
});
const horizon = new Horizon(sealer);
const digests = new MinuteDigests({ work, sealer });
for (;;) {
  const cut = await horizon.advance();
  // A minute that has not ended yet is taken for over: here it is what was written so far.
  if (cut) await digests.step(organization, { last: cut.last, at: new Date(cut.at.getTime() + 60_000) });
}
