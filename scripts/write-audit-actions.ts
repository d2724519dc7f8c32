/** Writes the catalogue of audit actions into docs/AUDIT.md: `node scripts/write-audit-actions.ts`. A test compares the two. */
import { readFileSync, writeFileSync } from 'node:fs';
import { AUDIT_ACTIONS } from '../src/platform/audit-actions.ts';

const DOCUMENT = new URL('../docs/AUDIT.md', import.meta.url);
const [BEGIN, END] = ['<!-- actions -->', '<!-- end of actions -->'];

const rows = Object.entries(AUDIT_ACTIONS).map(
  ([action, { resource, meaning }]) => `| \`${action}\` | \`${resource}\` | ${meaning} |`,
);
const table = ['| action | resource | meaning |', '|---|---|---|', ...rows].join('\n');
const text = readFileSync(DOCUMENT, 'utf8');
const [before, after] = [text.split(BEGIN)[0], text.split(END)[1]];
if (before === undefined || after === undefined)
  throw new Error(`docs/AUDIT.md has no place for the actions: ${BEGIN} … ${END}`);
writeFileSync(DOCUMENT, `${before}${BEGIN}\n${table}\n${END}${after}`);
