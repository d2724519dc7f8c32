import { stdout } from 'node:process';

const coloured = stdout.isTTY && !process.env['NO_COLOR'];
const style = (code: number) => (text: string) => (coloured ? `\u001B[${code}m${text}\u001B[0m` : text);

export const bold = style(1);
export const dim = style(2);
const green = style(32);
const red = style(31);

/** A new part of the story. */
export function chapter(title: string): void {
  stdout.write(`\n${bold(title)}\n`);
}

/** One thing that happened. */
export function say(line: string): void {
  stdout.write(`  ${line}\n`);
}

/** Something to look at, under what was said before. */
export function where(address: string): void {
  stdout.write(`    ${dim(address)}\n`);
}

/** The state of a request, in its colour. */
export function stateWord(state: string): string {
  if (state === 'approved') return green(state);
  return state === 'rejected' ? red(state) : state;
}
