import type { EntityManager } from '@mikro-orm/postgresql';
import type { Clock } from '../../platform/clock.ts';
import { InvalidRequest } from '../../platform/errors.ts';
import type { Caller } from '../../platform/http/caller.ts';
import type { Content } from '../../platform/http/route.ts';
import type { Origin, UnitOfWork } from '../../platform/unit-of-work.ts';
import { demand, organizationById } from '../../tenancy/service.ts';
import { billedTeam, type BillingCalendar, organizationCalendar } from '../billed-team.ts';
import { billingPeriodAt, billingPeriodNamed } from '../rules/billing-period.ts';
import type { ExportFormat } from '../schemas.ts';
import { csvOf } from './csv.ts';
import { type BillingAccount, focusColumns } from './focus-columns.ts';
import { jsonOf } from './json.ts';
import { PLAIN_COLUMNS } from './plain-columns.ts';
import { ReadingPlaces, whenOver } from './reading-places.ts';
import { chargeRows, type ExportScope } from './rows.ts';

const LONGEST_MS = 400 * 86_400_000;
/** Each holds a connection to the database for as long as its reader takes. */
const MOST_AT_ONCE = { all: 4, each: 2 };
const CHUNK_CHARACTERS = 65_536;

/** Which time, and how it is to be written. */
export interface ExportQuery {
  readonly format: ExportFormat;
  /** Such as `2026-11`; null beside `range`, or: the current one. */
  readonly period: string | null;
  readonly range: { readonly from: Date; readonly until: Date } | null;
}

export interface ExportFile {
  readonly name: string;
  readonly content: Content;
}

interface Prepared {
  readonly scope: ExportScope;
  readonly account: BillingAccount;
}

/** Charges as files for whoever keeps the books. */
export class ChargeExports {
  readonly #work: UnitOfWork;
  readonly #clock: Clock;
  readonly #places = new ReadingPlaces(MOST_AT_ONCE);

  constructor(parts: { work: UnitOfWork; clock: Clock }) {
    this.#work = parts.work;
    this.#clock = parts.clock;
  }

  /** @throws NotFound, Forbidden, InvalidRequest; ProblemError `rate-limited` while too many are read */
  async ofTeam(
    caller: Caller,
    origin: Origin,
    alias: string,
    query: ExportQuery & { readonly descendants: boolean },
  ): Promise<ExportFile> {
    return this.#file(caller, origin, query, async (em) => {
      const { id, teams, calendar } = await billedTeam(em, caller, alias, query.descendants);
      return { id, teams: new Set(teams), calendar };
    });
  }

  /** @throws as `ofTeam` */
  async ofOrganization(caller: Caller, origin: Origin, query: ExportQuery): Promise<ExportFile> {
    return this.#file(caller, origin, query, async (em) => {
      demand(caller, 'billing.read', [caller.organization]);
      return { id: null, teams: null, calendar: await organizationCalendar(em, caller.organization) };
    });
  }

  /** That it leaves is on record before its first byte does. */
  async #file(
    caller: Caller,
    origin: Origin,
    query: ExportQuery,
    find: (
      em: EntityManager,
    ) => Promise<{ id: string | null; teams: ReadonlySet<string> | null; calendar: BillingCalendar }>,
  ): Promise<ExportFile> {
    const { organization } = caller;
    const { id, ...prepared } = await this.#work.read(organization, async (em) => {
      const { id: team, teams, calendar } = await find(em);
      const time = timeOf(query, calendar, this.#clock.now());
      const { name } = await organizationById(em, organization);
      return { id: team, scope: { organization, teams, calendar, ...time }, account: { id: organization, name } };
    });
    const leave = this.#places.take(organization);
    try {
      await this.#work.write(origin, async (tx) =>
        tx.record({
          action: 'billing.exported',
          resource: { type: 'organization', id: organization },
          team: id,
          detail: {
            format: query.format,
            from: prepared.scope.from.toISOString(),
            to: prepared.scope.until.toISOString(),
            teams: prepared.scope.teams?.size ?? null,
          },
        }),
      );
    } catch (error) {
      leave();
      throw error;
    }
    const { type, texts } = this.#content(prepared, query.format);
    return { name: nameOf(prepared.scope, query.format), content: { type, data: whenOver(inChunks(texts), leave) } };
  }

  #content({ scope, account }: Prepared, format: ExportFormat): { type: string; texts: AsyncIterable<string> } {
    const rows = this.#work.readInPieces(scope.organization, (em) => chargeRows(em, scope));
    switch (format) {
      case 'csv':
        return { type: 'text/csv', texts: csvOf(PLAIN_COLUMNS, rows) };
      case 'focus':
        return { type: 'text/csv', texts: csvOf(focusColumns(account), rows) };
      case 'json':
        return { type: 'application/json', texts: jsonOf(scope, rows) };
    }
  }
}

/** @throws InvalidRequest */
function timeOf(
  { period, range }: ExportQuery,
  calendar: BillingCalendar,
  now: Date,
): { readonly from: Date; readonly until: Date } {
  if (range === null) {
    const { from, until } = period === null ? billingPeriodAt(now, calendar) : billingPeriodNamed(period, calendar);
    return { from, until };
  }
  const { from, until } = range;
  if (from >= until) throw new InvalidRequest([{ path: 'to', message: 'must be later than `from`' }]);
  if (until.getTime() - from.getTime() > LONGEST_MS)
    throw new InvalidRequest([{ path: 'to', message: 'must be at most 400 days after `from`' }]);
  return range;
}

function nameOf({ from, until }: ExportScope, format: ExportFormat): string {
  const day = (at: Date) => at.toISOString().slice(0, 10);
  const last = new Date(until.getTime() - 1);
  return `charges-${day(from)}-${day(last)}${format === 'focus' ? '-focus' : ''}.${format === 'json' ? 'json' : 'csv'}`;
}

/** Lines together, so that each does not travel on its own. */
async function* inChunks(texts: AsyncIterable<string>): AsyncGenerator<Uint8Array, undefined> {
  let chunk = '';
  for await (const text of texts) {
    chunk += text;
    if (chunk.length < CHUNK_CHARACTERS) continue;
    yield Buffer.from(chunk);
    chunk = '';
  }
  if (chunk !== '') yield Buffer.from(chunk);
}
