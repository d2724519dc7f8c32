import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { ownerOf } from '../../notify/support/webhook-world.ts';
import { type Certified, selfSigned } from '../support/certificate.ts';
import { LogWorld } from '../support/log-world.ts';
import { HttpsSiem, SyslogSiem } from '../support/siem.ts';
import { range, StreamWorld } from './world.ts';

const HOUR = 3_600_000;

let log: LogWorld;
let certified: Certified;
let world: StreamWorld;

beforeAll(async () => {
  log = await LogWorld.open();
  certified = selfSigned();
});

afterAll(() => log?.close());

beforeEach(async () => {
  world = await StreamWorld.open(log);
  await log.sealAll();
});

describe('a stream over HTTPS', () => {
  let siem: HttpsSiem;

  beforeEach(async () => {
    siem = new HttpsSiem(certified);
    await siem.start();
  });

  afterEach(() => siem.kill());

  const https = (more: Record<string, unknown> = {}) => ({
    kind: 'https',
    url: `https://127.0.0.1:${siem.port}/events`,
    ca: certified.cert,
    ...more,
  });

  test('brings every entry in the order of the log, under its leaf index, and goes on where it stood', async () => {
    await world.grow(450);
    const { row, size } = await world.put('siem', https({ token: 'secret-token', from: 0 }));
    await log.sealAll();
    await world.feedAll();
    expect(siem.uids).toEqual(range(0, size + 1));
    expect(siem.bodies.length).toBe(Math.ceil((size + 1) / 200));
    expect(new Set(siem.tokens)).toEqual(new Set(['Bearer secret-token']));
    await world.grow(5);
    await world.feedAll();
    expect(siem.uids).toEqual(range(0, size + 6));
    expect(await world.view('siem')).toMatchObject({
      size: size + 6,
      row: { id: row.id, next: BigInt(size + 6), lastError: null },
    });
    expect(await world.due()).toEqual([]);
  });

  test('begins with the next entry where nothing else is said', async () => {
    await world.grow(10);
    const { size } = await world.put('siem', https());
    await world.grow(3);
    await world.feedAll();
    expect(siem.uids).toEqual(range(size, size + 4));
  });

  test('sends again what was not taken: refused, cut off, or answered too late', async () => {
    await world.grow(700);
    await world.put('siem', https({ from: 0 }));
    await log.sealAll();
    const { size } = await world.view('siem');
    let asked = 0;
    siem.answer = (response, take) => {
      asked += 1;
      if (asked === 2) response.writeHead(503, { 'retry-after': '120' }).end();
      else if (asked === 3) response.socket?.destroy();
      else {
        take();
        // Taken, and never told so: the batch comes once more.
        if (asked === 5) response.socket?.destroy();
        else response.writeHead(200).end();
      }
    };
    await world.feedAll();
    expect(await world.view('siem')).toMatchObject({ row: { next: 200n, lastError: 'http-503', attempts: 1 } });
    world.clock.advance(119_000);
    expect(await world.due()).toEqual([]);
    world.clock.advance(2_000);
    await world.feedAll();
    expect(await world.view('siem')).toMatchObject({ row: { next: 200n, lastError: 'connection-lost', attempts: 2 } });
    world.clock.advance(HOUR / 2);
    await world.feedAll();
    world.clock.advance(HOUR / 2);
    await world.feedAll();
    expect(await world.view('siem')).toMatchObject({
      row: { next: BigInt(size), lastError: null, attempts: 0, failingSince: null },
    });
    expect(siem.uids).toEqual([...range(0, 600), ...range(400, size)]);
  });

  test('is fed by one worker at a time, however many there are', async () => {
    await world.grow(900);
    await world.put('siem', https({ from: 0 }));
    await log.sealAll();
    const { size } = await world.view('siem');
    const workers = [world.feed, world.worker(), world.worker(), world.worker()];
    while ((await world.due()).length > 0) await Promise.all(workers.map((worker) => world.feedAll(worker)));
    expect(siem.uids).toEqual(range(0, size));
  });

  test('that was killed half-way goes on with the batch it was at', async () => {
    await world.grow(500);
    await world.put('siem', https({ from: 0 }));
    await log.sealAll();
    const { size } = await world.view('siem');
    const { port } = siem;
    siem.answer = (response, take) => {
      take();
      if (siem.received.length < 300) response.writeHead(200).end();
      else void siem.kill();
    };
    await world.feedAll();
    expect(await world.view('siem')).toMatchObject({ row: { next: 200n, attempts: 1 } });
    world.clock.advance(HOUR / 4);
    await world.feedAll();
    expect(await world.view('siem')).toMatchObject({
      row: { next: 200n, attempts: 2, lastError: 'connection-refused' },
    });
    const restarted = new HttpsSiem(certified);
    await restarted.start(port);
    world.clock.advance(HOUR / 4);
    await world.feedAll();
    await restarted.kill();
    expect([...siem.uids.slice(0, 200), ...restarted.uids]).toEqual(range(0, size));
  });

  test('is not sent to somebody who is not who they should be, nor to a private address', async () => {
    await world.put('siem', https({ ca: selfSigned().cert, from: 0 }));
    await log.sealAll();
    await world.feedAll();
    expect(await world.view('siem')).toMatchObject({ row: { lastError: 'tls-failed', next: 0n } });
    await world.put('siem', https({ from: 0 }));
    await world.feedAll(world.worker({ allowPrivate: false }));
    expect(await world.view('siem')).toMatchObject({ row: { lastError: 'address-not-allowed', next: 0n } });
    expect(siem.bodies).toEqual([]);
  });

  test('tells nobody where a request came from, unless that was asked for and can still be read', async () => {
    await world.staff.act('jane', { address: '203.0.113.5' });
    await log.sealAll();
    await world.put('quiet', https({ from: 0 }));
    await world.feedAll();
    expect(siem.bodies.join('')).not.toContain('203.0.113.5');
    await world.service.delete(ownerOf(world.organization), world.origin(), 'quiet');
    await world.put('open', https({ from: 0, personal: true }));
    await world.feedAll();
    expect(siem.received.filter((event) => JSON.stringify(event).includes('203.0.113.5'))).toMatchObject([
      {
        src_endpoint: { ip: '203.0.113.5' },
        http_request: { user_agent: 'test' },
        actor: { user: { uid: world.staff.id('jane') } },
      },
    ]);
    await log.admin.query('update keyring.subject_keys set wrapped = null, destroyed_at = now() where id = $1', [
      world.staff.id('jane'),
    ]);
    await world.put('open', https({ from: 0, personal: true }));
    siem.bodies.length = 0;
    await world.feedAll(world.worker({ work: world.freshWork() }));
    expect(siem.bodies.join('')).toContain(world.staff.id('jane'));
    expect(siem.bodies.join('')).not.toContain('203.0.113.5');
  });

  test('goes on past an entry whose personal fields were damaged', async () => {
    await world.staff.act('jane', { address: '203.0.113.5' });
    await world.staff.act('jane', { address: '203.0.113.6' });
    await log.sealAll();
    await log.admin.query('set session_replication_role = replica');
    await log.admin.query(
      `update countersign.audit_entries set sealed = '\\xff00'::bytea where id = (
         select id from countersign.audit_entries where organization_id = $1 and actor_id = $2 order by at, id limit 1)`,
      [world.organization, world.staff.id('jane')],
    );
    await log.admin.query('set session_replication_role = origin');
    await world.put('siem', https({ from: 0, personal: true }));
    await log.sealAll();
    await world.feedAll();
    const { size, row } = await world.view('siem');
    expect(row).toMatchObject({ next: BigInt(size), lastError: null });
    expect(siem.uids).toEqual(range(0, size));
    expect(siem.bodies.join('')).not.toContain('203.0.113.5');
    expect(siem.bodies.join('')).toContain('203.0.113.6');
  });

  test('that fails for an hour has admins told once, and once more after it has worked', async () => {
    const failing = (response: Parameters<HttpsSiem['answer']>[0]) => void response.writeHead(500).end();
    const told = async () => {
      const { rows } = await log.admin.query<{ n: number }>(
        `select count(*)::int as n from countersign.outbox where organization_id = $1 and reference->>'template' = 'audit-stream-failing'`,
        [world.organization],
      );
      return rows[0]!.n;
    };
    siem.answer = failing;
    await world.put('siem', https({ from: 0 }));
    await log.sealAll();
    for (let quarter = 0; quarter < 4; quarter += 1) {
      await world.feedAll();
      world.clock.advance(HOUR / 4);
    }
    expect(await told()).toBe(0);
    for (let quarter = 0; quarter < 8; quarter += 1) {
      await world.feedAll();
      world.clock.advance(HOUR / 4);
    }
    expect(await told()).toBe(2);
    await log.sealAll();
    expect((await world.staff.log()).filter(({ action }) => action === 'audit.stream_failing')).toMatchObject([
      { detail: { error: 'http-500', next: 0 } },
    ]);
    siem.answer = (response) => void response.writeHead(200).end();
    await world.feedAll();
    expect(await world.view('siem')).toMatchObject({ row: { failingSince: null, toldAt: null, lastError: null } });
    siem.answer = failing;
    await world.grow(1);
    for (let quarter = 0; quarter < 6; quarter += 1) {
      await world.feedAll();
      world.clock.advance(HOUR / 4);
    }
    expect(await told()).toBe(4);
  });

  test('that is changed or deleted while a batch is under way is not moved by it', async () => {
    await world.grow(50);
    await world.put('siem', https({ from: 0 }));
    await log.sealAll();
    const arrived = Promise.withResolvers<() => void>();
    siem.answer = (response, take) => {
      take();
      arrived.resolve(() => response.writeHead(200).end());
    };
    const feeding = world.feedAll();
    const answer = await arrived.promise;
    await world.put('siem', https({ from: 7 }));
    answer();
    await feeding;
    expect(await world.view('siem')).toMatchObject({ row: { next: 7n } });
  });

  test('that a stopping worker breaks off is no failure', async () => {
    await world.put('siem', https({ from: 0 }));
    await log.sealAll();
    const stopping = new AbortController();
    siem.answer = () => stopping.abort();
    for (const found of await world.due()) expect(await world.feed.step(found, stopping.signal)).toBe(false);
    expect(await world.view('siem')).toMatchObject({ row: { next: 0n, attempts: 0, failingSince: null } });
    expect(await world.due()).toHaveLength(1);
  });
});

describe.each([
  ['TLS', true],
  ['TCP', false],
])('a stream over syslog and %s', (_name, tls) => {
  let siem: SyslogSiem;

  beforeEach(async () => {
    siem = new SyslogSiem(tls ? certified : null);
    await siem.start();
  });

  afterEach(() => siem.kill());

  const syslog = (more: Record<string, unknown> = {}) => ({
    kind: 'syslog',
    host: '127.0.0.1',
    port: siem.port,
    tls,
    ...(tls ? { ca: certified.cert } : {}),
    ...more,
  });

  test('brings messages of RFC 5424, counted by octets, in the order of the log', async () => {
    await world.grow(450);
    await world.put('siem', syslog({ from: 0 }));
    await log.sealAll();
    await world.feedAll();
    const { size } = await world.view('siem');
    expect(siem.uids).toEqual(range(0, size));
    expect(siem.headers[0]).toMatch(
      /^<110>1 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z countersign\.example\.com countersign - (organization|api_key)\.made -$/,
    );
  });

  test('that is cut off half-way loses nothing', async () => {
    await world.grow(900);
    await world.put('siem', syslog({ from: 0 }));
    await log.sealAll();
    const { size } = await world.view('siem');
    const { port } = siem;
    siem.cutAfter = 70;
    await world.feedAll();
    expect(await world.view('siem')).toMatchObject({ row: { next: 0n, attempts: 1, lastError: 'connection-lost' } });
    await siem.kill();
    world.clock.advance(HOUR / 4);
    await world.feedAll();
    expect(await world.view('siem')).toMatchObject({ row: { next: 0n, attempts: 2, lastError: 'connection-refused' } });
    const restarted = new SyslogSiem(tls ? certified : null);
    await restarted.start(port);
    world.clock.advance(HOUR / 4);
    await world.feedAll();
    await restarted.kill();
    expect(siem.uids).toEqual(range(0, 70));
    expect(restarted.uids).toEqual(range(0, size));
  });

  test('that never ends the connection is given up for now', async () => {
    siem.isDeaf = true;
    await world.put('siem', syslog({ from: 0 }));
    await log.sealAll();
    await world.feedAll(world.worker({ timeoutMs: 300 }));
    expect(await world.view('siem')).toMatchObject({ row: { next: 0n, lastError: 'timeout' } });
  });
});
