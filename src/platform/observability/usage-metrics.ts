import { Gauge, type Registry } from 'prom-client';

/** What is counted of the ledger. */
export interface UsageMetrics {
  readonly strayUsageLines: (lines: number) => void;
  readonly priceListsOutdated: (outdated: boolean) => void;
}

export function usageMetrics(registry: Registry): UsageMetrics {
  const stray = new Gauge({
    name: 'countersign_usage_stray_lines',
    help: 'Lines of the ledger that lie in no partition of their month; 100000 stand for more',
    registers: [registry],
  });
  const outdated = new Gauge({
    name: 'countersign_price_lists_outdated',
    help: '1 where newer price lists were adopted than this worker has: it prices nothing again',
    registers: [registry],
  });
  return {
    strayUsageLines: (lines) => stray.set(lines),
    priceListsOutdated: (isOutdated) => outdated.set(isOutdated ? 1 : 0),
  };
}
