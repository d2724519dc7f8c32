import type { Round } from './round.ts';
import { median, percentile } from './statistics.ts';

/** Medians over all rounds. */
export interface Figures {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

export interface Comparison {
  readonly clients: number;
  readonly product: Figures;
  readonly floor: Figures;
  /** The median of what each pair of rounds gave: the machine may be faster in one minute than in the next. */
  readonly ratio: Figures;
}

export interface ComparisonPlan {
  readonly rounds: number;
  readonly clients: number;
  readonly floor: () => Promise<Round>;
  readonly product: () => Promise<Round>;
  /** Lets what a round has left to do come to its end, before the next one is measured. */
  readonly between: () => Promise<void>;
}

/** Measures both in turns. */
export async function compare({ rounds, clients, floor, product, between }: ComparisonPlan): Promise<Comparison> {
  const pairs: { floor: Figures; product: Figures }[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const floorFigures = figuresOf(await floor());
    const productFigures = figuresOf(await product());
    pairs.push({ floor: floorFigures, product: productFigures });
    await between();
  }
  return {
    clients,
    floor: medians(pairs.map((pair) => pair.floor)),
    product: medians(pairs.map((pair) => pair.product)),
    ratio: medians(
      pairs.map((pair) => ({
        perSecond: pair.product.perSecond / pair.floor.perSecond,
        p50: pair.product.p50 / pair.floor.p50,
        p99: pair.product.p99 / pair.floor.p99,
      })),
    ),
  };
}

function figuresOf({ perSecond, decisions }: Round): Figures {
  return { perSecond, p50: percentile(decisions, 0.5), p99: percentile(decisions, 0.99) };
}

function medians(all: readonly Figures[]): Figures {
  const of = (name: keyof Figures) => median(all.map((figures) => figures[name]));
  return { perSecond: of('perSecond'), p50: of('p50'), p99: of('p99') };
}
