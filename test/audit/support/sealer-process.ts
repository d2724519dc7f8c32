/** A process that does nothing but seal, for tests that kill it. What it needs stands in its environment. */
import { pino } from 'pino';
import { Sealer } from '../../../src/audit/sealing/sealer.ts';
import { Sealing } from '../../../src/audit/sealing/sealing.ts';
import { SigningKeys } from '../../../src/audit/sealing/signing-keys.ts';
import { entities } from '../../../src/entities.ts';
import { systemClock as clock } from '../../../src/platform/clock.ts';
import { MasterKey } from '../../../src/platform/crypto/master-key.ts';
import { BareDatabase } from '../../../src/platform/database/bare.ts';
import { Database } from '../../../src/platform/database/database.ts';
import { Notifier } from '../../../src/platform/database/notifier.ts';
import { DATABASE_ROLES } from '../../../src/platform/database/tenant-table.ts';

const { DATABASE_URL: url = '', SECRET_KEY: secret = '' } = process.env;
const logger = pino({ level: 'silent' });
const database = new BareDatabase(Database.open({ url, role: DATABASE_ROLES.sealer, entities, poolSize: 5, logger }));
const notifier = new Notifier({ url, logger });
const sealer = new Sealer({ database, keys: new SigningKeys(new MasterKey(secret)), clock, logger });
await new Sealing({ sealer, notifier, logger }).run({ index: 0, of: 1 }, new AbortController().signal);
