import { isDeepStrictEqual } from 'node:util';

interface HierarchyEntry {
  readonly role: string;
  /** A decimal. */
  readonly threshold: string;
}

interface Hierarchy {
  readonly approval_hierarchy?: readonly HierarchyEntry[] | null | undefined;
  readonly approval_hierarchy_mode?: string | null | undefined;
}

/**
 * Leaves out of a change what was read as inherited and comes back as it was read: stored, it would follow the teams above no
 * longer. Whoever writes the same value without saying that it is inherited makes it the team's own.
 * @param inherited what the caller says is inherited
 * @param holds what holds for the team now
 */
export function withoutInherited<Change extends Hierarchy>(
  change: Change,
  inherited: Readonly<Partial<Record<keyof Hierarchy, boolean | undefined>>>,
  holds: Hierarchy,
): Change {
  const isAsRead = {
    approval_hierarchy: isDeepStrictEqual(asRead(change.approval_hierarchy), asRead(holds.approval_hierarchy)),
    approval_hierarchy_mode: change.approval_hierarchy_mode === holds.approval_hierarchy_mode,
  };
  const stays = (name: keyof Hierarchy) => inherited[name] === true && isAsRead[name];
  return {
    ...change,
    ...(stays('approval_hierarchy') ? { approval_hierarchy: undefined } : {}),
    ...(stays('approval_hierarchy_mode') ? { approval_hierarchy_mode: undefined } : {}),
  };
}

/** Thresholds are read as numbers. */
function asRead(entries: readonly HierarchyEntry[] | null | undefined) {
  return entries?.map(({ role, threshold }) => ({ role, threshold: Number(threshold) })) ?? null;
}
