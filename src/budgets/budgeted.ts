/** Where a spend is held, as of one version of the organization's budgets. Internal ids. */
export interface Budgeted {
  readonly team: string;
  readonly teamPath: readonly string[];
  readonly person: string;
  readonly provider: string | null;
  readonly model: string | null;
  readonly currency: string;
  readonly version: number;
  readonly periods: readonly string[];
  /** In place of the periods that are shared by many teams, and are in this currency. */
  readonly leases: readonly string[];
}
