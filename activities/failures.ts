import { ApplicationFailure, CancelledFailure } from '@temporalio/activity';
import type { Logger } from 'pino';
import { ProblemError } from '../src/platform/errors.ts';

type Activity = (input: never) => Promise<unknown>;

/**
 * What leaves an activity as an error is kept by Temporal: a database's message can hold a row's values. Only a code goes
 * out; the log has the rest. Business errors are not retried, everything else is.
 */
export function withOpaqueFailures<Activities extends object>(activities: Activities, logger: Logger): Activities {
  const wrapped = Object.entries(activities).map(([name, activity]: [string, Activity]) => {
    const guarded = async (input: never) => {
      try {
        return await activity(input);
      } catch (error) {
        throw isForTemporal(error) ? error : asFailure(name, error, logger);
      }
    };
    return [name, guarded] as const;
  });
  return Object.fromEntries(wrapped) as Activities;
}

/** What an activity says to Temporal itself: that it was cancelled, or a failure of its own making. */
function isForTemporal(error: unknown): boolean {
  return error instanceof CancelledFailure || error instanceof ApplicationFailure;
}

function asFailure(name: string, error: unknown, logger: Logger): ApplicationFailure {
  if (error instanceof ProblemError && error.code !== 'unavailable')
    return ApplicationFailure.nonRetryable(`${name}: ${error.code}`, error.code);
  logger.warn({ err: error, activity: name }, 'an activity failed and is tried again');
  return ApplicationFailure.retryable(`${name} failed`, error instanceof ProblemError ? error.code : 'unexpected');
}
