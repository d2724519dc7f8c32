import type { EntityName, RequiredEntityData } from '@mikro-orm/core';
import type { EntityManager } from '@mikro-orm/postgresql';

/** Rows that are new and that nobody looks at again before the commit: log entries, messages, links. */
export class Additions {
  readonly #rows = new Map<EntityName, object[]>();

  get isEmpty(): boolean {
    return this.#rows.size === 0;
  }

  add<Entity extends object>(entity: EntityName<Entity>, row: RequiredEntityData<Entity>): void {
    const rows = this.#rows.get(entity);
    if (rows) rows.push(row);
    else this.#rows.set(entity, [row]);
  }

  /**
   * Writes all of them in one statement and one round trip, past the unit of work of the ORM, which would compare each with
   * what is stored and send a statement for each table. Constraints are checked when the statement ends, so that the order
   * of the tables does not matter.
   */
  async write(em: EntityManager): Promise<void> {
    if (this.isEmpty) return;
    const inserts = [...this.#rows].map(([entity, rows]) =>
      em.createQueryBuilder(entity).insert(rows).getFormattedQuery(),
    );
    this.#rows.clear();
    const [last, ...others] = inserts.toReversed();
    const earlier = others.map((insert, index) => `added_${index} as (${insert})`);
    await em.execute(earlier.length === 0 ? last! : `with ${earlier.join(', ')} ${last}`);
  }
}
