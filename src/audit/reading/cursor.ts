import { InvalidRequest } from '../../platform/errors.ts';
import { isWithinYears } from '../../platform/http/schemas.ts';
import { isUuid } from '../../platform/ids.ts';

/** The place of an entry in a list that is ordered by moment, then id. */
export interface Place {
  readonly at: Date;
  readonly id: string;
}

/** The cursor that leads to what comes after this entry. */
export function encodePlace({ at, id }: Place): string {
  return Buffer.from(`${at.getTime()} ${id}`).toString('base64url');
}

/** @throws InvalidRequest where it is none of ours */
export function decodePlace(cursor: string | undefined): Place | null {
  if (cursor === undefined || cursor === '') return null;
  const [, milliseconds, id = ''] = /^(\d{1,15}) (\S+)$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? [];
  const at = new Date(Number(milliseconds));
  if (!isUuid(id) || !isWithinYears(at.getTime()))
    throw new InvalidRequest([{ path: 'query.cursor', message: 'is not a cursor that this list gave' }]);
  return { at, id };
}
