export type DivisionMethod = 'usage_based' | 'fixed' | 'even';

/** Of a team's billing settings, what says who bears its cost. */
export interface CostSettings {
  readonly cost_allocation?: {
    readonly method?: DivisionMethod;
    /** By the ids that callers gave to the teams. */
    readonly shares?: Readonly<Record<string, number>>;
  };
  readonly cost_center?: string;
  readonly charge_back_method?: DivisionMethod;
  /** By the names of the cost centres. */
  readonly charge_back_shares?: Readonly<Record<string, number>>;
}

/** How cost is divided, and among whom: shares by the name that the settings have for each. */
export interface Division {
  readonly method: DivisionMethod;
  readonly shares: Readonly<Record<string, number>>;
}

/** A bill reads what each of them has spent. */
export const MOST_SHARES = 200;
const DEFAULT_METHOD: DivisionMethod = 'usage_based';

/** What the settings say of cost, and nothing else of them. */
export function costSettingsIn({
  cost_allocation,
  cost_center,
  charge_back_method,
  charge_back_shares,
}: CostSettings): CostSettings {
  return {
    ...(cost_allocation === undefined ? {} : { cost_allocation }),
    ...(cost_center === undefined ? {} : { cost_center }),
    ...(charge_back_method === undefined ? {} : { charge_back_method }),
    ...(charge_back_shares === undefined ? {} : { charge_back_shares }),
  };
}

/** The teams that the team's own cost is shared with; null where it bears it itself. */
export function poolOf({ cost_allocation: { method, shares } = {} }: CostSettings): Division | null {
  return divisionOf(method, shares);
}

/** The cost centres that the team's cost is divided among; null where they are not several. */
export function chargeBackOf({
  charge_back_method: method,
  charge_back_shares: shares,
}: CostSettings): Division | null {
  return divisionOf(method, shares);
}

/** What makes a division impossible, once a change has been merged into what was set before; empty where nothing does. */
export function divisionProblems(settings: CostSettings): { readonly path: string; readonly message: string }[] {
  return [
    ...problemsOf('cost_allocation.shares', poolOf(settings)),
    ...problemsOf('charge_back_shares', chargeBackOf(settings)),
  ];
}

function problemsOf(path: string, division: Division | null): { path: string; message: string }[] {
  if (division === null) return [];
  const shares = Object.values(division.shares);
  const problems: string[] = [];
  if (shares.length > MOST_SHARES)
    problems.push(`must not name more than ${MOST_SHARES}; with those named before, there are ${shares.length}`);
  if (division.method === 'fixed' && shares.every((share) => share === 0))
    problems.push('must have a share above 0: the method is `fixed`');
  return problems.map((message) => ({ path, message }));
}

function divisionOf(method = DEFAULT_METHOD, shares: Division['shares'] = {}): Division | null {
  return Object.keys(shares).length === 0 ? null : { method, shares };
}
