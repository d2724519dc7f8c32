import { ApplicationFailure, Context } from '@temporalio/activity';

const TAKE_OVER_AFTER_MS = 100;

/**
 * Does work that takes long: tells Temporal that it goes on, and has another worker take over at once where this one stops.
 * @param service whose work it is
 * @param heartbeatMs several fit into the workflow's heartbeat timeout
 * @throws ApplicationFailure `worker-stops`; whatever the work throws
 */
export async function longRunning<T>(
  service: { readonly isStopping: boolean },
  heartbeatMs: number,
  work: (context: Context) => Promise<T>,
): Promise<T> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), heartbeatMs);
  try {
    return await work(context);
  } catch (error) {
    context.cancellationSignal.throwIfAborted();
    // As a failure, so that another worker takes over at once.
    if (service.isStopping)
      throw ApplicationFailure.create({
        message: 'this worker stops',
        type: 'worker-stops',
        nextRetryDelay: TAKE_OVER_AFTER_MS,
      });
    throw error;
  } finally {
    clearInterval(beat);
  }
}
