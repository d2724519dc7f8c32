const KNOWN: ReadonlySet<string> = new Set(Intl.supportedValuesOf('currency'));

/** Thrown when a text is no currency that this runtime knows. */
export class InvalidCurrencyError extends Error {
  readonly code = 'invalid-currency';

  constructor() {
    super('Give a currency as its ISO 4217 code in capital letters, such as USD or EUR.');
    this.name = 'InvalidCurrencyError';
  }
}

/**
 * Whether a text is an ISO 4217 code in capital letters. The list is the runtime's and grows with it: not for workflows,
 * which have to come to the same answer again on a later version.
 */
export function isCurrency(text: string): boolean {
  return /^[A-Z]{3}$/.test(text) && KNOWN.has(text);
}

/** Reads a currency, as `isCurrency` knows it. @throws InvalidCurrencyError */
export function parseCurrency(text: string): string {
  if (!isCurrency(text)) throw new InvalidCurrencyError();
  return text;
}
