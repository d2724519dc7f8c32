import type { UnlockedKeys } from '../../platform/crypto/vault.ts';
import type { AuditStream } from './entities.ts';

interface CommonTarget {
  /** Whether address and user agent are sent along. */
  readonly personal: boolean;
  /** Certificates (PEM) to trust instead of the system's. */
  readonly ca: string | null;
}

export interface HttpsTarget extends CommonTarget {
  readonly kind: 'https';
  readonly url: string;
  readonly token: string | null;
}

export interface SyslogTarget extends CommonTarget {
  readonly kind: 'syslog';
  readonly host: string;
  readonly port: number;
  readonly tls: boolean;
}

/** Where a log is sent to. */
export type StreamTarget = HttpsTarget | SyslogTarget;

const targetPlace = (id: string) => `audit_streams.target:${id}`;

/** @param keys the organization's */
export function sealTarget(keys: UnlockedKeys, organization: string, id: string, target: StreamTarget): Buffer {
  return keys.seal(organization, targetPlace(id), JSON.stringify(target));
}

/** @returns null where the organization was erased */
export function openTarget(
  { id, target }: Pick<AuditStream, 'id' | 'target'>,
  keys: UnlockedKeys,
): StreamTarget | null {
  const text = keys.open(target, targetPlace(id));
  return text === null ? null : (JSON.parse(text) as StreamTarget);
}
