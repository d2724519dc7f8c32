import { AddressGuard } from '../../notify/service.ts';
import type { Clock } from '../../platform/clock.ts';
import { HttpsSender } from './https-sender.ts';
import type { StreamSender } from './sender.ts';
import { SyslogSender } from './syslog-sender.ts';
import type { StreamTarget } from './target.ts';

export interface SendersParts {
  /** The operator says that private addresses are fine. */
  readonly allowPrivate: boolean;
  /** Origin of the installation; its host is what syslog messages name as their sender. */
  readonly publicUrl: string;
  readonly clock: Clock;
  readonly timeoutMs?: number;
}

const TIMEOUT_MS = 15_000;

/** Makes what sends to a target; it lives as long as one batch. */
export function sendersWith({
  allowPrivate,
  publicUrl,
  clock,
  timeoutMs = TIMEOUT_MS,
}: SendersParts): (target: StreamTarget) => StreamSender {
  const { hostname } = new URL(publicUrl);
  return (target) => {
    const guard = new AddressGuard({ allowPrivate, ...(target.ca === null ? {} : { ca: target.ca }) });
    return target.kind === 'https'
      ? new HttpsSender({ target, guard, clock, timeoutMs })
      : new SyslogSender({ target, guard, hostname, timeoutMs });
  };
}
