import { parseArgs } from 'node:util';
import { DemoProblem } from './problem.ts';

export interface Settings {
  /** Origin of the running system, without a trailing slash. */
  readonly url: string;
  /** A key of the organization's owner. */
  readonly key: string;
}

export const USAGE = `Usage: COUNTERSIGN_KEY=<key> npm run demo

  COUNTERSIGN_URL   where the system runs; http://127.0.0.1:8080 unless said otherwise (or: npm run demo -- --url <url>)
  COUNTERSIGN_KEY   the operator's key: \`npm start\` prints it at its first start, once (or: npm run demo -- --key <key>)

  The key is gone? \`npx countersign key create-operator\` makes another one.
`;

/**
 * @returns null where help was asked for
 * @throws DemoProblem where the key is missing
 */
export function readSettings(
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Settings | null {
  const options = optionsIn(args);
  if (options.help) return null;
  const key = options.key ?? environment['COUNTERSIGN_KEY'];
  const url = options.url ?? environment['COUNTERSIGN_URL'] ?? 'http://127.0.0.1:8080';
  if (!key) throw new DemoProblem(`The demo needs the operator's key.\n\n${USAGE}`);
  if (!URL.canParse(url)) throw new DemoProblem(`${url} is no address. Give one such as http://127.0.0.1:8080.`);
  return { url: url.replace(/\/+$/, ''), key };
}

function optionsIn(args: readonly string[]): {
  url?: string | undefined;
  key?: string | undefined;
  help?: boolean | undefined;
} {
  try {
    return parseArgs({
      args: [...args],
      options: { url: { type: 'string' }, key: { type: 'string' }, help: { type: 'boolean', short: 'h' } },
    }).values;
  } catch (error) {
    throw new DemoProblem(`${error instanceof Error ? error.message : 'Unknown options'}\n\n${USAGE}`, {
      cause: error,
    });
  }
}
