import { CommandRefused } from '../refusal.ts';

/** What the commands about the audit log say with their exit status. 1 always means that something is wrong with the log. */
export const EXIT = { fine: 0, wrong: 1, couldNotTell: 2 } as const;

export type ExitStatus = (typeof EXIT)[keyof typeof EXIT];

/**
 * Runs a command that looks at a log. Whatever keeps it from looking must not be taken for a verdict.
 * @throws whatever is a defect, with the status set
 */
export async function withVerdict(command: () => Promise<ExitStatus>): Promise<void> {
  process.exitCode = EXIT.couldNotTell;
  try {
    process.exitCode = await command();
  } catch (error) {
    if (!(error instanceof CommandRefused)) throw error;
    process.stderr.write(`${error.message}\n`);
  }
}
