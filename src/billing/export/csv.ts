/** A column of a table: text of somebody's, or a number of our own. */
export type Column<Row> = { readonly name: string } & (
  | { readonly text: (row: Row) => string | null }
  | { readonly number: (row: Row) => string | null }
);

/** A cell that begins like this is a formula to spreadsheets, and would be carried out (OWASP, CSV Injection). */
const FORMULA = /^[=+\-@\t\r\n]/;
const NEEDS_QUOTES = /[",\r\n]/;

/**
 * Writes a table as CSV (RFC 4180), line by line, with a header. An empty cell is null. A text that a spreadsheet would take
 * for a formula gets an apostrophe in front; numbers are ours, and stay as they are.
 */
export async function* csvOf<Row>(columns: readonly Column<Row>[], rows: AsyncIterable<Row>): AsyncGenerator<string> {
  yield lineOf(columns.map(({ name }) => name));
  for await (const row of rows) yield lineOf(columns.map((column) => cellOf(column, row)));
}

function cellOf<Row>(column: Column<Row>, row: Row): string {
  if ('number' in column) return column.number(row) ?? '';
  const text = column.text(row) ?? '';
  const harmless = FORMULA.test(text) ? `'${text}` : text;
  return NEEDS_QUOTES.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

function lineOf(cells: readonly string[]): string {
  return `${cells.join(',')}\r\n`;
}
