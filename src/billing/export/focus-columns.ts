import { counted } from '../../platform/counted.ts';
import type { Column } from './csv.ts';
import type { ChargeRow } from './rows.ts';

/** Who provides what is no usage: nobody but us moves cost from one team to another. */
const OURSELVES = 'Countersign';
const UNIT = 'Tokens';

/** The account that everything is billed to. */
export interface BillingAccount {
  readonly id: string;
  readonly name: string;
}

/**
 * The columns of FOCUS 1.2 (FinOps Open Cost and Usage Specification): all mandatory ones, those of the others that the ledger
 * has something for, and our own, whose names begin with `x_`. What stands in each, docs/BILLING.md says.
 */
export function focusColumns(account: BillingAccount): readonly Column<ChargeRow>[] {
  return [...charges(account), ...quantities(), ...services(), ...ourOwn()];
}

function charges({ id, name }: BillingAccount): Column<ChargeRow>[] {
  const cost = ({ amount }: ChargeRow) => amount.toFixed();
  return [
    { name: 'BillingAccountId', text: () => id },
    { name: 'BillingAccountName', text: () => name },
    { name: 'BillingCurrency', text: ({ currency }) => currency },
    { name: 'BillingPeriodStart', text: ({ period }) => timeOf(period.from) },
    { name: 'BillingPeriodEnd', text: ({ period }) => timeOf(period.until) },
    { name: 'ChargePeriodStart', text: ({ from }) => timeOf(from) },
    { name: 'ChargePeriodEnd', text: ({ until }) => timeOf(until) },
    { name: 'ChargeCategory', text: ({ kind }) => (kind === 'usage' ? 'Usage' : 'Adjustment') },
    { name: 'ChargeClass', text: () => null },
    { name: 'ChargeDescription', text: descriptionOf },
    { name: 'ChargeFrequency', text: ({ kind }) => (kind === 'usage' ? 'Usage-Based' : 'One-Time') },
    { name: 'BilledCost', number: cost },
    { name: 'EffectiveCost', number: cost },
    { name: 'ListCost', number: cost },
    { name: 'ContractedCost', number: cost },
  ];
}

function quantities(): Column<ChargeRow>[] {
  const tokens = ({ used }: ChargeRow) => used && String(used.tokens.input_tokens + used.tokens.output_tokens);
  const unit = ({ used }: ChargeRow) => used && UNIT;
  return [
    { name: 'PricingQuantity', number: tokens },
    { name: 'PricingUnit', text: unit },
    { name: 'ConsumedQuantity', number: tokens },
    { name: 'ConsumedUnit', text: unit },
  ];
}

function services(): Column<ChargeRow>[] {
  const provider = ({ used }: ChargeRow) => used?.provider ?? OURSELVES;
  return [
    { name: 'ProviderName', text: provider },
    { name: 'PublisherName', text: provider },
    { name: 'InvoiceIssuerName', text: provider },
    { name: 'ServiceCategory', text: () => 'AI and Machine Learning' },
    { name: 'ServiceSubcategory', text: () => 'Generative AI' },
    { name: 'ServiceName', text: ({ used }) => used?.model ?? 'Cost allocation' },
    { name: 'SubAccountId', text: ({ team }) => team.alias },
    { name: 'SubAccountName', text: ({ team }) => team.name },
  ];
}

function ourOwn(): Column<ChargeRow>[] {
  return [
    { name: 'x_ChargeKind', text: ({ kind }) => kind },
    { name: 'x_CostCenter', text: ({ costCenter }) => costCenter },
    { name: 'x_Requests', number: ({ used }) => used && String(used.events) },
    { name: 'x_InputTokens', number: ({ used }) => used && String(used.tokens.input_tokens) },
    { name: 'x_CachedInputTokens', number: ({ used }) => used && String(used.tokens.cached_input_tokens) },
    { name: 'x_OutputTokens', number: ({ used }) => used && String(used.tokens.output_tokens) },
  ];
}

function descriptionOf({ kind, used, amount, costCenter }: ChargeRow): string {
  if (used) return `${counted(used.events, 'request')} to ${used.model}`;
  if (kind === 'allocation')
    return amount.isNegative() ? 'Shared cost handed on to other teams' : 'Part of a shared cost';
  return costCenter === null ? 'Cost divided among cost centres' : `Part of the cost centre ${costCenter}`;
}

/** ISO 8601 in UTC, to the second (FOCUS, Date/Time Format). */
function timeOf(at: Date): string {
  return `${at.toISOString().slice(0, 19)}Z`;
}
