/**
 * A service that Countersign needs cannot be had on this machine. Thrown while starting up, never later.
 * `message` is one sentence for the operator: what is missing and how to get it.
 */
export class ServiceUnavailableAtStart extends Error {
  readonly code = 'service-unavailable-at-start';
  /** What could not be started, such as `PostgreSQL` or `Temporal`. */
  readonly service: string;

  constructor(service: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ServiceUnavailableAtStart';
    this.service = service;
  }
}

/** The text of whatever was thrown, without its stack. */
export function reasonOf(error: unknown): string {
  return propertyOf(error, 'message') ?? String(error);
}

/** True when `error` is one of Node's system errors with one of these codes, such as `ENOENT`. */
export function hasSystemCode(error: unknown, ...codes: string[]): boolean {
  const code = propertyOf(error, 'code');
  return code !== null && codes.includes(code);
}

/** Node's own errors are no `instanceof Error` in the separate global scope that Jest gives each test file. */
function propertyOf(error: unknown, name: 'message' | 'code'): string | null {
  if (typeof error !== 'object' || error === null || !(name in error)) return null;
  const value: unknown = Reflect.get(error, name);
  return typeof value === 'string' ? value : null;
}
