import { isGrpcServiceError, ServiceError } from '@temporalio/client';

/** DEADLINE_EXCEEDED, RESOURCE_EXHAUSTED, UNAVAILABLE (gRPC, Status codes). */
const AWAY: ReadonlySet<number> = new Set([4, 8, 14]);

/**
 * Whether a call failed because the server is away or has too much to do, which passes for every call alike. Anything else, an
 * argument that it does not take for one, would fail again however often it is tried.
 */
export function isServerAway(error: unknown): boolean {
  const cause = error instanceof ServiceError ? error.cause : error;
  return isGrpcServiceError(cause) && AWAY.has(cause.code);
}
