import { parseArgs, type ParseArgsOptionsConfig } from 'node:util';

export interface OptionHelp {
  readonly usage: string;
  readonly options: readonly (readonly [option: string, meaning: string])[];
}

/** Reads the command line; prints the help and ends where it is asked for or something is wrong. */
export function readOptions<Config extends ParseArgsOptionsConfig>(config: Config, help: OptionHelp) {
  const text = helpText(help);
  try {
    const { values } = parseArgs({ options: { ...config, help: { type: 'boolean' } }, strict: true });
    if (!('help' in values && values.help)) return values;
    process.stdout.write(text);
    process.exit(0);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${text}`);
    process.exit(2);
  }
}

/** @returns `fallback` where the option was not given; ends the process where it is no whole number from `least` on */
export function wholeNumber(name: string, text: string | undefined, fallback: number, least = 1): number {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (Number.isSafeInteger(value) && value >= least) return value;
  process.stderr.write(`--${name} must be a whole number from ${least} on\n`);
  process.exit(2);
}

function helpText({ usage, options }: OptionHelp): string {
  const width = Math.max(...options.map(([option]) => option.length));
  return `${usage}\n\n${options.map(([option, meaning]) => `  ${option.padEnd(width)}  ${meaning}`).join('\n')}\n`;
}
