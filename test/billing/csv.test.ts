import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Column, csvOf } from '../../src/billing/export/csv.ts';
import { parseCsv } from './support/parse-csv.ts';

interface Row {
  readonly who: string;
  readonly much: string;
}
const columns: readonly Column<Row>[] = [
  { name: 'who', text: ({ who }) => who },
  { name: 'much', number: ({ much }) => much },
];

async function written(rows: readonly Row[]): Promise<string> {
  async function* each() {
    yield* rows;
  }
  let text = '';
  for await (const line of csvOf(columns, each())) text += line;
  return text;
}

describe('CSV', () => {
  test('reads back as it was, whatever is in it, but for a formula’s apostrophe', async () => {
    const text = fc.string({
      unit: fc.constantFrom('a', '"', ',', '\r', '\n', '=', '+', '-', '@', '\t', ' ', 'é', '😀'),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.record({ who: text, much: fc.constantFrom('1', '-0.5') })), async (rows) => {
        const [header, ...lines] = parseCsv(await written(rows));
        expect(header).toEqual(['who', 'much']);
        expect(lines).toEqual(rows.map(({ who, much }) => [/^[=+\-@\t\r\n]/.test(who) ? `'${who}` : who, much]));
      }),
    );
  });

  test.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1'])('has no spreadsheet calculate %j', async (who) => {
    const [, line] = parseCsv(await written([{ who, much: '1' }]));
    expect(line?.[0]?.startsWith("'")).toBe(true);
  });

  test('leaves numbers below zero numbers', async () => {
    expect(await written([{ who: 'a', much: '-0.10' }])).toBe('who,much\r\na,-0.10\r\n');
  });
});
