import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { streamLags } from '../../../src/audit/streams/stream-store.ts';
import { oldestUnwatched } from '../../../src/audit/watch/watch-store.ts';
import { oldestUndigested } from '../../../src/budgets/journal/change-store.ts';
import { BareDatabase } from '../../../src/platform/database/bare.ts';
import { createMetrics, type Metrics } from '../../../src/platform/observability/metrics.ts';
import { selfSigned } from '../support/certificate.ts';
import { LogWorld } from '../support/log-world.ts';
import { HttpsSiem } from '../support/siem.ts';
import { StreamWorld } from './world.ts';

let log: LogWorld;
let world: StreamWorld;
let siem: HttpsSiem;
let metrics: Metrics;

beforeAll(async () => {
  log = await LogWorld.open();
});

afterAll(() => log?.close());

beforeEach(async () => {
  world = await StreamWorld.open(log);
  await log.sealAll();
  const certified = selfSigned();
  siem = new HttpsSiem(certified);
  await siem.start();
  await world.put('siem', { kind: 'https', url: `https://127.0.0.1:${siem.port}/events`, ca: certified.cert });
  await log.sealAll();
  const sealer = new BareDatabase(log.sealerDatabase);
  metrics = createMetrics();
  metrics.watchStreams(() => streamLags(sealer));
  metrics.watchUndigested(() => oldestUndigested(sealer));
});

afterEach(() => siem.kill());

/** The value of a gauge of the stream. */
async function lag(unit: 'entries' | 'seconds'): Promise<number | null> {
  const { row } = await world.view('siem');
  const line = new RegExp(`^countersign_audit_stream_lag_${unit}\\{stream="${row.id}"\\} (\\S+)$`, 'm');
  const [, value] = line.exec(await metrics.registry.metrics()) ?? [];
  return value === undefined ? null : Number(value);
}

describe('the lag of a stream', () => {
  test('is shown as entries and as the age of the oldest, and is 0 once everything has arrived', async () => {
    await world.feedAll();
    expect([await lag('entries'), await lag('seconds')]).toEqual([0, 0]);
    await world.grow(7);
    expect(await lag('entries')).toBe(7);
    expect(await lag('seconds')).toBeGreaterThan(0);
    expect(await lag('seconds')).toBeLessThan(60);
    await world.feedAll();
    expect([await lag('entries'), await lag('seconds')]).toEqual([0, 0]);
  });

  test('is gone with the stream', async () => {
    await world.grow(2);
    const { row } = await world.view('siem');
    expect(await lag('entries')).toBeGreaterThan(1);
    await log.admin.query('delete from countersign.audit_streams where id = $1', [row.id]);
    expect(await metrics.registry.metrics()).not.toContain(row.id);
  });
});

test('the age of the oldest entry that was not looked through for unusual access is shown', async () => {
  const sealer = new BareDatabase(log.sealerDatabase);
  metrics.watchUnwatched(() => oldestUnwatched(sealer));
  const seconds = async () =>
    Number(/^countersign_audit_unwatched_oldest_seconds (\S+)$/m.exec(await metrics.registry.metrics())?.[1]);
  expect(await seconds()).toBeGreaterThan(0);
  await log.admin.query(
    `insert into countersign.audit_watches (organization_id, next_index, updated_at) select organization_id, size, now() from countersign.audit_logs`,
  );
  expect(await seconds()).toBe(0);
});

test('the age of the oldest change of a reservation without a digest is shown', async () => {
  expect(await metrics.registry.metrics()).toContain('countersign_audit_undigested_oldest_seconds 0\n');
  await log.admin.query(
    `insert into countersign.reservation_changes (organization_id, number, at, reservation_id, state)
     values ($1, nextval('countersign.reservation_change_numbers'), now() - interval '1 hour', gen_random_uuid(), 'held')`,
    [world.organization],
  );
  expect(await metrics.registry.metrics()).toMatch(/^countersign_audit_undigested_oldest_seconds 36\d\d/m);
});
