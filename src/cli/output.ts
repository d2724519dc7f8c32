/** A line for whoever gave the command. */
export function say(line: string = ''): void {
  process.stdout.write(`${line}\n`);
}

/** A secret on a line of its own, so that it is copied whole. */
export function saySecret(what: string, secret: string): void {
  say(what);
  say();
  say(`  ${secret}`);
  say();
}
