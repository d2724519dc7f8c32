import { ORGANIZATION_VARIABLE } from './tenant-table.ts';

/**
 * A function of the database that is called so often that reading and planning its call would cost more than carrying it out:
 * each connection prepares it once (PostgreSQL, PREPARE).
 */
export class HotFunction {
  /** Under which a connection remembers it. */
  readonly name: string;
  readonly text: string;

  /**
   * @param name with its schema
   * @param types of its parameters, as PostgreSQL calls them
   */
  constructor(name: string, types: readonly [string, ...string[]]) {
    this.name = name;
    const [first, ...others] = types.map((type, index) => `$${index + 2}::${type}`);
    // The first argument depends on the setting, so that nothing is called before it is set.
    this.text = `select called.* from (select set_config('${ORGANIZATION_VARIABLE}', $1, true) as setting offset 0) own,
      lateral ${name}(${[`case when own.setting is not null then ${first} end`, ...others].join(', ')}) called`;
  }
}
