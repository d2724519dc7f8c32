import type { EntityManager } from '@mikro-orm/postgresql';
import { addSignatures, parseSignature } from '../notes/signed-note.ts';
import type { Checkpoint } from '../proof-store.ts';

/** The checkpoint's note with everything that witnesses have signed below it. */
export async function cosignedNote(
  em: EntityManager,
  organization: string,
  { size, note }: Checkpoint,
): Promise<string> {
  const rows = await em.execute<{ line: string }[]>(
    'select line from countersign.audit_cosignatures where organization_id = ? and tree_size = ? order by verifier_key',
    [organization, size],
  );
  return withLines(
    note,
    rows.map(({ line }) => line),
  );
}

/** @param lines signatures as they stand below a note */
export function withLines(note: string, lines: readonly string[]): string {
  return lines.length === 0 ? note : addSignatures(note, lines.map(parseSignature));
}

/** The size of the newest checkpoint that a witness has cosigned; null where there is none. */
export async function newestCosignedSize(em: EntityManager, organization: string): Promise<number | null> {
  const [row] = await em.execute<{ size: string | null }[]>(
    'select max(tree_size) as size from countersign.audit_cosignatures where organization_id = ?',
    [organization],
  );
  return row?.size == null ? null : Number(row.size);
}
