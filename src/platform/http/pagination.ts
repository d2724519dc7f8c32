import { InvalidRequest } from '../errors.ts';
import { isUuid } from '../ids.ts';

export interface Page<Item> {
  readonly items: Item[];
  readonly next_cursor: string | null;
}

/**
 * Lists are ordered by id (UUIDs of version 7, so by time), and a cursor names the last one shown: a page costs the same
 * wherever it is, and what comes in between neither repeats nor skips anything.
 * @param rows one more than `limit`, where there are more
 */
export function pageFrom<Row extends { id: string }, Item>(
  rows: readonly Row[],
  limit: number,
  present: (row: Row) => Item,
): Page<Item> {
  const shown = rows.slice(0, limit);
  const last = shown.at(-1);
  return { items: shown.map(present), next_cursor: rows.length > limit && last ? encodeCursor(last.id) : null };
}

export function encodeCursor(id: string): string {
  return Buffer.from(id).toString('base64url');
}

/** @throws InvalidRequest where it is none of ours */
export function decodeCursor(cursor: string | undefined): string | null {
  if (cursor === undefined || cursor === '') return null;
  const id = Buffer.from(cursor, 'base64url').toString();
  if (!isUuid(id)) throw new InvalidRequest([{ path: 'query.cursor', message: 'is not a cursor that this list gave' }]);
  return id;
}
