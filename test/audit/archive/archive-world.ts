import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArchiveFiles } from '../../../src/audit/archive/archive-files.ts';
import { ArchivedEntries } from '../../../src/audit/archive/archived-entries.ts';
import { Archiving, type ArchivingOptions } from '../../../src/audit/archive/archiving.ts';
import { parseMonth } from '../../../src/audit/archive/month.ts';
import { LogKeys } from '../../../src/audit/exports/log-keys.ts';
import { SealedEntries, type SealedEntry } from '../../../src/audit/sealed-entries.ts';
import { SigningKeys } from '../../../src/audit/sealing/signing-keys.ts';
import { BareDatabase } from '../../../src/platform/database/bare.ts';
import type { OrganizationSettings } from '../../../src/tenancy/entities.ts';
import { TestClock } from '../../http/support/test-clock.ts';
import { LogWorld } from '../support/log-world.ts';
import { Staff } from '../support/staff.ts';

export const JANUARY = parseMonth('2016-01')!;
export const FEBRUARY = parseMonth('2016-02')!;

/** So many transactions; whatever is more comes in one. */
const SEVERAL = 30;

/** A log that goes back to months which have partitions of their own, and a folder to archive them into. */
export class ArchiveWorld {
  readonly log: LogWorld;
  readonly folder: string;
  readonly clock = new TestClock();
  readonly files: ArchiveFiles;
  readonly entries: SealedEntries;
  readonly archiving: Archiving;

  private constructor(log: LogWorld, folder: string) {
    this.log = log;
    this.folder = folder;
    this.files = new ArchiveFiles(folder);
    this.entries = new SealedEntries(new ArchivedEntries(this.files));
    const keys = new LogKeys(new BareDatabase(log.sealerDatabase), new SigningKeys(log.master));
    this.archiving = new Archiving({
      work: log.work,
      entries: this.entries,
      keys,
      files: this.files,
      databaseUrl: log.place.url,
      clock: this.clock,
      logger: log.logger,
    });
  }

  static async open(): Promise<ArchiveWorld> {
    const log = await LogWorld.open();
    const world = new ArchiveWorld(log, await mkdtemp(join(tmpdir(), 'countersign-archive-')));
    for (const month of [JANUARY, FEBRUARY]) await world.makePartition(month.name);
    return world;
  }

  async close(): Promise<void> {
    await this.log.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  /** As housekeeping would have made it at the time. */
  async makePartition(month: string): Promise<void> {
    const { start, end } = parseMonth(month)!;
    await this.log.admin.query('set role countersign_owner');
    await this.log.admin.query('select countersign.make_audit_partition($1, $2)', [
      partitionOf(month),
      `for values from ('${start.toISOString()}') to ('${end.toISOString()}')`,
    ]);
    await this.log.admin.query('reset role');
  }

  /** An organization that did something in January and February, some of it with an address, all of it sealed. */
  async organization(
    counts: { january: number; february?: number },
    settings: OrganizationSettings = {},
  ): Promise<Staff> {
    const staff = await Staff.hire(this.log, { jane: ['member'] }, settings);
    for (const [month, count] of [
      [JANUARY, counts.january],
      [FEBRUARY, counts.february ?? 0],
    ] as const) {
      for (let n = 0; n < Math.min(count, SEVERAL); n += 1)
        await staff.act('jane', {
          at: new Date(month.start.getTime() + n * 60_000),
          address: n % 2 === 0 ? '203.0.113.9' : null,
        });
      if (count > SEVERAL)
        await staff.act('jane', {
          at: new Date(month.end.getTime() - 1),
          address: '203.0.113.9',
          times: count - SEVERAL,
        });
    }
    await this.log.sealAll();
    return staff;
  }

  run(options: Partial<ArchivingOptions> = {}) {
    return this.archiving.run({
      actor: { type: 'workflow', id: null },
      signal: new AbortController().signal,
      ...options,
    });
  }

  async partitionExists(month: string): Promise<boolean> {
    const { rows } = await this.log.admin.query('select to_regclass($1) is not null as there', [
      `countersign.${partitionOf(month)}`,
    ]);
    return rows[0].there;
  }

  /** All entries of an organization, wherever they are. */
  async read({ organization }: Staff): Promise<SealedEntry[]> {
    return this.log.work.read(organization, (em) => this.entries.read(em, organization, { start: 0, end: 1_000_000 }));
  }

  /** The names of an organization's files. */
  async filesOf({ organization }: Staff): Promise<string[]> {
    return (await readdir(join(this.folder, organization)).catch(() => [])).toSorted();
  }

  async archived({ organization }: Staff): Promise<{ month: string; first: number; end: number; entries: number }[]> {
    const { rows } = await this.log.admin.query(
      'select month, first_index::int as first, end_index::int as end, entries from countersign.audit_archives where organization_id = $1 order by month',
      [organization],
    );
    return rows;
  }
}

export function partitionOf(month: string): string {
  return `audit_entries_${month.replace('-', '_')}`;
}
