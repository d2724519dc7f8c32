import { describe, expect, test } from '@jest/globals';
import { isCurrency, parseCurrency } from '../../src/platform/currency.ts';

describe('currencies', () => {
  test.each(['USD', 'EUR', 'JPY', 'INR', 'CHF'])('%s is one', (code) => {
    expect(isCurrency(code)).toBe(true);
    expect(parseCurrency(code)).toBe(code);
  });

  test.each(['', 'usd', 'US', 'USDT', 'QQQ', 'U$D', 'USD\n', ' USD'])('%j is none', (text) => {
    expect(isCurrency(text)).toBe(false);
    expect(() => parseCurrency(text)).toThrow(expect.objectContaining({ code: 'invalid-currency' }));
  });
});
