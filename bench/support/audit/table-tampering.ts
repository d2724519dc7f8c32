import type { Client } from 'pg';
import type { Finding } from '../../../src/audit/checking/finding.ts';
import type { LogCheck } from '../../../src/audit/checking/log-check.ts';
import type { BareDatabase } from '../../../src/platform/database/bare.ts';
import type { UnitOfWork } from '../../../src/platform/unit-of-work.ts';
import { checkOrganization } from '../../../src/cli/audit/check-organization.ts';
import type { Random } from '../random.ts';
import { TABLE_MUTATIONS, type TableMutation } from './table-mutations.ts';

/** What can be written; generated columns follow from these. */
const COLUMNS = {
  audit_entries: 'id, organization_id, at, leaf, sealed',
  audit_pending: 'organization_id, at, entry_id, queued_at',
  audit_leaves: 'organization_id, leaf_index, entry_id, at, leaf_hash',
  audit_tiles: 'organization_id, level, tile_index, hashes',
  audit_checkpoints: 'organization_id, tree_size, root, at, note, previous_size, link',
  audit_logs: 'organization_id, size, root, verifier_key, signing_key, created_at, sealed_at',
  reservation_changes: 'organization_id, number, at, reservation_id, state',
  reservation_digests: 'organization_id, digested_to, updated_at',
  reservations:
    'id, organization_id, request, team_id, person_id, provider, model, amount, currency, state, periods, leases, created_at, expires_at, closed_at, settlement, cost, late, above_hold',
} as const;
const TABLES = Object.keys(COLUMNS) as (keyof typeof COLUMNS)[];

/** Keys, checks and columns' types of a table refuse some changes at once: then another one is made. */
const REFUSED = /^(22|23)/;

export interface TamperedPlace {
  /** A superuser of its own for all that is tampered with. */
  readonly admin: Client;
  readonly check: LogCheck;
  readonly work: UnitOfWork;
  /** Opened under `countersign_sealer`. */
  readonly sealer: BareDatabase;
}

/** A log whose tables are changed past triggers and grants, and another one to take rows from. */
export interface TamperedLogs {
  readonly organization: string;
  readonly donor: string;
  /** How many entries each has sealed. */
  readonly size: number;
}

export interface TamperedTables {
  readonly what: string;
  readonly findings: readonly Finding[];
}

/** Changes tables as a superuser can, has the check look, and takes every change back. */
export class TableTampering {
  readonly #place: TamperedPlace;
  readonly #logs: TamperedLogs;
  readonly #random: Random;
  /** By the last change. */
  #changed: readonly (keyof typeof COLUMNS)[] = [];

  private constructor(place: TamperedPlace, logs: TamperedLogs, random: Random) {
    this.#place = place;
    this.#logs = logs;
    this.#random = random;
  }

  /** Keeps how the tables are, and turns the triggers off for `admin`. */
  static async begin(place: TamperedPlace, logs: TamperedLogs, random: Random): Promise<TableTampering> {
    const { admin } = place;
    await admin.query('set session_replication_role = replica');
    for (const table of TABLES) {
      await admin.query(`drop table if exists original_${table}`);
      await admin.query(
        `create temporary table original_${table} as select ${COLUMNS[table]} from countersign.${table} where organization_id = '${logs.organization}'`,
      );
    }
    return new TableTampering(place, logs, random);
  }

  /** Changes something at random, looks, and takes it back. */
  async once(): Promise<TamperedTables> {
    const what = await this.#change();
    try {
      return { what, findings: await this.look() };
    } finally {
      await this.#restore();
    }
  }

  /** What the check finds as things are. */
  async look(): Promise<Finding[]> {
    const findings: Finding[] = [];
    const { check: logs, work, sealer } = this.#place;
    await checkOrganization({ logs, work, sealer }, this.#logs.organization, (finding) => findings.push(finding));
    return findings;
  }

  async #change(): Promise<string> {
    for (;;) {
      const { what, change }: TableMutation = this.#random.pick(TABLE_MUTATIONS);
      const isTaken = await this.#tried(() =>
        change({ admin: this.#place.admin, random: this.#random, ...this.#logs }),
      );
      this.#changed = await this.#changedTables();
      if (isTaken && this.#changed.length > 0) return what;
      await this.#restore();
    }
  }

  async #tried(change: () => Promise<void>): Promise<boolean> {
    try {
      await change();
      return true;
    } catch (error) {
      if (error instanceof Error && 'code' in error && REFUSED.test(String(error.code))) return false;
      throw error;
    }
  }

  async #changedTables(): Promise<(keyof typeof COLUMNS)[]> {
    const looks = TABLES.map((table) => {
      const [now, before] = [
        `select ${COLUMNS[table]} from countersign.${table} ${this.#mine}`,
        `select * from original_${table}`,
      ];
      return `select '${table}' as name where exists (${now} except ${before}) or exists (${before} except ${now})`;
    });
    const { rows } = await this.#place.admin.query<{ name: string }>(looks.join(' union all '));
    return TABLES.filter((table) => rows.some(({ name }) => name === table));
  }

  async #restore(): Promise<void> {
    const statements = this.#changed.flatMap((table) => [
      `delete from countersign.${table} ${this.#mine}`,
      `insert into countersign.${table} (${COLUMNS[table]}) select ${COLUMNS[table]} from original_${table}`,
    ]);
    if (statements.length > 0) await this.#place.admin.query(`begin; ${statements.join('; ')}; commit`);
  }

  get #mine(): string {
    return `where organization_id = '${this.#logs.organization}'`;
  }
}
