import type { EntryCondition } from '../reading/entry-filter.ts';
import { leafFields } from '../reading/leaf-fields.ts';
import type { SealedEntry } from '../sealed-entries.ts';

/** Whether an entry meets a condition, as the database would judge it. */
export function meets({ leaf, at }: Pick<SealedEntry, 'leaf' | 'at'>, condition: EntryCondition): boolean {
  const { teams, team, actors, action, resources, outcome, from, to } = condition;
  const fields = leafFields(leaf);
  return (
    (teams === undefined || (fields.team !== null && teams.includes(fields.team))) &&
    (team === undefined || fields.team === team) &&
    (actors === undefined || (fields.actor.ref !== null && actors.includes(fields.actor.ref))) &&
    (action === undefined || fields.action === action) &&
    (resources === undefined || resources.includes(fields.resource.ref)) &&
    (outcome === undefined || fields.outcome === outcome) &&
    (from === undefined || at >= from) &&
    (to === undefined || at < to)
  );
}
