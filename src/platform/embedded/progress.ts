/** Takes one line, without a line end, that tells the person at the terminal what is being done. */
export type Progress = (line: string) => void;

/**
 * Runs `work` and says every `everyMs` milliseconds that it is still going on, so that nobody takes a long build for
 * a program that hangs. Says nothing when the work is shorter than that.
 */
export async function withProgress<Result>(
  progress: Progress,
  label: string,
  work: () => Promise<Result>,
  everyMs = 15_000,
): Promise<Result> {
  const startedAt = performance.now();
  const timer = setInterval(() => {
    progress(`${label} (${Math.round((performance.now() - startedAt) / 1000)} s so far)`);
  }, everyMs);
  try {
    return await work();
  } finally {
    clearInterval(timer);
  }
}
