/**
 * Stands for all that are not told by name. Neither a provider, a model nor a user can be called like that: their names have no
 * spaces.
 */
export const ALL_OTHERS = '(all others)';

/** So many are told by name, the dearest first: whoever reports usage can make up any number of models. */
const MOST = { provider: 50, model: 200, person: 1_000 } as const;

type Folded = keyof typeof MOST;

/** The people that sums are of. @param sums whose only key is a person's */
export function peopleIn(sums: readonly { readonly keys: readonly string[] }[]): string[] {
  return sums.flatMap(({ keys: [person] }) => (person === undefined || person === ALL_OTHERS ? [] : [person]));
}

/**
 * Adds up what is beyond the dearest, in the database: models of each provider that is told by name, and all of the other
 * providers; people. Dear is what costs much in one currency, or is called often where that is the same.
 * @param from a query with the columns `way`, `k0` and so on, `currency`, `cost`, `events`, and those of `sums`
 * @param dimensions what `k0` and so on are, a provider before its models; others than these are left as they are
 * @param sums what is to be added up, as `[column, expression]`
 * @returns the same columns, keys as text; before the query's own values, the currency is to be given `currencies` times
 */
export function foldedQuery(
  from: string,
  dimensions: readonly unknown[],
  sums: readonly (readonly [column: string, expression: string])[],
): { sql: string; currencies: number } {
  const keys = dimensions.map((_, index) => `k${index}`);
  const ranks = dimensions.flatMap((dimension, index) =>
    isFolded(dimension) ? [rankOf(dimension, index, dimensions)] : [],
  );
  const dear = ranks.map(
    ({ name, by }) =>
      `sum(cost) filter (where currency = ?) over (partition by way, ${by}) as cost_${name}, sum(events) over (partition by way, ${by}) as events_${name}`,
  );
  const places = ranks.map(
    ({ name, by }) =>
      `dense_rank() over (partition by way order by cost_${name} desc nulls last, events_${name} desc, ${by}) as place_${name}`,
  );
  const told = keys.map((key, index) => {
    const beyond = ranks.filter(({ decides }) => decides.includes(index)).map(({ isBeyond }) => isBeyond);
    return beyond.length === 0
      ? `${key}::text as ${key}`
      : `case when ${beyond.join(' or ')} then '${ALL_OTHERS}' else ${key}::text end as ${key}`;
  });
  const added = sums.map(([column, expression]) => `${expression} as ${column}`);
  // By number: by its name, a key would be the one that is not told yet.
  const groups = ['way', ...keys.map((_, index) => `${index + 2}`), 'currency'];
  return {
    sql: `select ${['way', ...told, 'currency', ...added].join(', ')} from (
        select ${['dear.*', ...places].join(', ')} from (
          select ${['summed.*', ...dear].join(', ')} from (${from}) summed
        ) dear
      ) ranked group by ${groups.join(', ')}`,
    currencies: ranks.length,
  };
}

function isFolded(dimension: unknown): dimension is Folded {
  return typeof dimension === 'string' && Object.hasOwn(MOST, dimension);
}

/** How a dimension is ranked, and which keys go unnamed beyond the last place: a model is one of its provider, and does so with it. */
function rankOf(dimension: Folded, index: number, dimensions: readonly unknown[]) {
  const [provider, model] = [dimensions.indexOf('provider'), dimensions.indexOf('model')];
  const name = `k${index}`;
  return {
    name,
    by: dimension === 'model' && provider !== -1 ? `k${provider}, ${name}` : name,
    decides: dimension === 'provider' ? [index, model] : [index],
    isBeyond: `place_${name} > ${MOST[dimension]}`,
  };
}
