/** A worker that does nothing but relay mail, for tests that kill it. What it needs stands in its environment. */
import pino from 'pino';
import { writeAudit } from '../../../src/audit/store.ts';
import { entities } from '../../../src/entities.ts';
import { MailHandler } from '../../../src/notify/mail-handler.ts';
import { settleOutbox, writeOutbox } from '../../../src/notify/outbox.ts';
import { OutboxRelay } from '../../../src/notify/relay.ts';
import { systemClock as clock } from '../../../src/platform/clock.ts';
import { MasterKey } from '../../../src/platform/crypto/master-key.ts';
import { Vault } from '../../../src/platform/crypto/vault.ts';
import { Database } from '../../../src/platform/database/database.ts';
import { Notifier } from '../../../src/platform/database/notifier.ts';
import { DATABASE_ROLES } from '../../../src/platform/database/tenant-table.ts';
import { UnitOfWork } from '../../../src/platform/unit-of-work.ts';

const { DATABASE_URL: url = '', SMTP_URL: smtpUrl = '', SECRET_KEY: secret = '', LEASE_MS = '' } = process.env;
const logger = pino({ level: 'silent' });
const database = Database.open({ url, role: DATABASE_ROLES.app, entities, poolSize: 4, logger });
const claimsDatabase = Database.open({ url, role: DATABASE_ROLES.relay, entities, poolSize: 2, logger });
const notifier = new Notifier({ url, logger });
const vault = new Vault(new MasterKey(secret));
const work = new UnitOfWork({ database, vault, clock, log: { writeAudit, writeOutbox, settleOutbox }, notifier });
const handler = new MailHandler({ smtpUrl, from: 'countersign@example.com', publicUrl: 'http://127.0.0.1' });
const nothing = () => undefined;
const relay = new OutboxRelay({
  claimsDatabase,
  work,
  notifier,
  clock,
  logger,
  lanes: new Map([['mail', { handler, concurrency: 4, retryForMs: null }]]),
  metrics: { delivered: nothing, retried: nothing, givenUp: nothing, lag: nothing },
  leaseMs: Number(LEASE_MS),
});
await notifier.start();
relay.start();
