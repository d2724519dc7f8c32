import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DEFAULT_ORGANIZATION } from '../../src/bootstrap.ts';
import { exactly, multiplyAmounts, roundAmount } from '../../src/platform/money.ts';
import { Catalogue } from '../../src/usage/catalogue.ts';
import { ExchangeRate } from '../../src/usage/entities.ts';
import { PriceBook } from '../../src/usage/price-book.ts';
import { conversionsOf, readRates } from '../../src/usage/rate-store.ts';
import { startTestSystem, type TestSystem } from '../support/system.ts';

let system: TestSystem;
const catalogue = new Catalogue();

beforeAll(async () => {
  system = await startTestSystem({ worker: false });
});

afterAll(() => system?.stop());

const CURRENCIES = ['USD', 'EUR', 'JPY'] as const;
const currency = fc.constantFrom(...CURRENCIES);
const moment = fc.integer({ min: 0, max: 40 }).map((minutes) => new Date(Date.UTC(2026, 10, 20, 10, minutes)));
const decimal = (digits: bigint) =>
  fc.bigInt(1n, digits).map((units) => `${units / 10n ** 12n}.${(units % 10n ** 12n).toString().padStart(12, '0')}`);

const versions = fc.array(
  fc.record({ from: currency, to: currency, rate: decimal(10n ** 14n), effectiveFrom: moment }),
  { maxLength: 8 },
);

describe('an exchange rate', () => {
  test('is the same one in the database as in a price', async () => {
    await fc.assert(
      fc.asyncProperty(
        versions,
        fc.array(fc.record({ from: currency, to: currency, at: moment }), { minLength: 1, maxLength: 6 }),
        async (written, asked) => {
          const takenBack = new Error('taken back');
          const compared = system.core.database.fork(DEFAULT_ORGANIZATION).transactional(async (em) => {
            for (const [index, { from, to, ...version }] of written.entries())
              await em.insert(ExchangeRate, {
                id: randomUUID(),
                organization: DEFAULT_ORGANIZATION,
                fromCurrency: from,
                toCurrency: to,
                version: index + 1,
                createdAt: new Date(),
                ...version,
              });
            const calls = asked.map(({ from, to, at }) => ({
              stated: { currency: from },
              currency: to,
              occurredAt: at,
            }));
            const own = await readRates(em, DEFAULT_ORGANIZATION, [], conversionsOf(calls));
            const prices = new PriceBook(catalogue, own);
            for (const { from, to, at } of asked) {
              const [row] = await em.execute<{ rate: string | null }[]>(
                'select countersign.exchange_rate(?, ?, ?::timestamptz)::text as rate',
                [from, to, at],
              );
              const priced = prices.statedIn(to, { value: exactly(1), currency: from }, at);
              expect(row!.rate && exactly(row!.rate).toFixed()).toBe(
                typeof priced === 'string' ? null : priced.cost.toFixed(),
              );
            }
            throw takenBack;
          });
          await expect(compared).rejects.toBe(takenBack);
        },
      ),
      { numRuns: 60 },
    );
  });

  test('makes the same amount in the database as in a price, to the last digit', async () => {
    // Half of all products end on a half of the last digit, where rounding could differ.
    const half = fc.constantFrom('0.5', '0.25', '1.5', '0.000000000001', '1', '2.5');
    const amounts = fc.array(fc.tuple(fc.boolean(), decimal(10n ** 20n), fc.oneof(half, decimal(10n ** 15n))), {
      minLength: 20,
      maxLength: 20,
    });
    await fc.assert(
      fc.asyncProperty(amounts, async (cases) => {
        const em = system.core.database.fork(DEFAULT_ORGANIZATION);
        const rows = await em.execute<{ converted: string }[]>(
          `select countersign.converted(amount::numeric, rate::numeric)::text as converted
           from jsonb_to_recordset(?::jsonb) as c(amount text, rate text)`,
          [
            JSON.stringify(
              cases.map(([negative, amount, rate]) => ({ amount: `${negative ? '-' : ''}${amount}`, rate })),
            ),
          ],
        );
        for (const [index, [negative, amount, rate]] of cases.entries()) {
          const expected = roundAmount(multiplyAmounts(exactly(`${negative ? '-' : ''}${amount}`), exactly(rate)));
          expect(exactly(rows[index]!.converted).equals(expected)).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });
});
