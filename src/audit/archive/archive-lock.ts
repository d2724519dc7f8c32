import type { Run } from '../../platform/database/bare.ts';
import { whileAlone } from '../../platform/database/session-lock.ts';
import { DATABASE_ROLES } from '../../platform/database/tenant-table.ts';

const ARCHIVE_LOCK = 7_266_835;

/** Does something while nobody else archives: see `whileAlone`. */
export function whileArchiving<T>(
  url: string,
  until: AbortSignal,
  work: (run: Run, signal: AbortSignal) => Promise<T>,
): Promise<T | null> {
  return whileAlone({ url, role: DATABASE_ROLES.sealer, key: ARCHIVE_LOCK }, until, work);
}
