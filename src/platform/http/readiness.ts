import type { RequestHandler } from 'express';
import { ProblemError } from '../errors.ts';

/** Something that has to answer before requests can be served: the database, Temporal, a worker. */
export interface ReadinessCheck {
  readonly name: string;
  /** Rejects where it does not answer. */
  check(): Promise<void>;
}

const CHECK_TIMEOUT_MS = 2_000;
/** Many probes at once are one look; short enough that nobody is sent to a process that has just lost its database. */
const REMEMBERED_MS = 250;

/** `/readyz`: 200 where everything answers in time, else a problem that names what does not. */
export function readiness(checks: readonly ReadinessCheck[]): RequestHandler {
  const look = rememberedBriefly(() => missingOf(checks));
  return async (_request, response) => {
    const missing = await look();
    if (missing.length > 0)
      throw new ProblemError('unavailable', `Not ready: ${missing.join(', ')}.`, {
        retryAfterSeconds: 1,
        not_ready: missing,
      });
    response.json({ status: 'ready' });
  };
}

function rememberedBriefly<T>(look: () => Promise<T>): () => Promise<T> {
  let last: { readonly result: Promise<T>; until: number } | null = null;
  return () => {
    if (last && performance.now() < last.until) return last.result;
    const current = { result: look(), until: Number.POSITIVE_INFINITY };
    last = current;
    return current.result.finally(() => (current.until = performance.now() + REMEMBERED_MS));
  };
}

async function missingOf(checks: readonly ReadinessCheck[]): Promise<string[]> {
  const answers = await Promise.all(checks.map(async (check) => ((await answersInTime(check)) ? [] : [check.name])));
  return answers.flat();
}

function answersInTime(check: ReadinessCheck): Promise<boolean> {
  const { promise: tooLate, resolve } = Promise.withResolvers<boolean>();
  const timer = setTimeout(() => resolve(false), CHECK_TIMEOUT_MS);
  const answered = check.check().then(
    () => true,
    () => false,
  );
  return Promise.race([answered, tooLate]).finally(() => clearTimeout(timer));
}
