import type { OcsfEvent } from '../rules/ocsf/event.ts';

/** One entry on its way. */
export interface StreamedEvent {
  readonly at: Date;
  readonly event: OcsfEvent;
}

/** Sends a batch of events to one receiver. */
export interface StreamSender {
  /**
   * Resolves when the receiver has taken all of them.
   * @throws StreamRefused where it answered otherwise, and whatever kept the answer from arriving
   */
  send(events: readonly StreamedEvent[], signal: AbortSignal): Promise<void>;
  /** Ends the connections that are kept open. */
  close(): Promise<void>;
}

/** A receiver did not take what it was sent. */
export class StreamRefused extends Error {
  readonly code: string;
  /** When it wants to be tried again, where it says so. */
  readonly notBefore: Date | null;

  /** @param code one of ours, such as `http-503` */
  constructor(code: string, notBefore: Date | null = null) {
    super(`the receiver did not take the events: ${code}`);
    this.name = 'StreamRefused';
    this.code = code;
    this.notBefore = notBefore;
  }
}
