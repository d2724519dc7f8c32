import type { LocalTime } from './local-time.ts';

/** What one entry of the audit log says about a person's access. */
export interface Observation {
  readonly at: Date;
  /** The same moment in the organization's time zone. */
  readonly local: LocalTime;
  /** A keyed hash of the network it came from; null where that is not known. */
  readonly network: string | null;
  /** ISO 3166-1 alpha-2; null where it is not known. */
  readonly country: string | null;
  readonly denied: boolean;
  /** What was read, where something was. */
  readonly read: { readonly kind: 'object' | 'export'; readonly object: string } | null;
}

/** Actions that show somebody something which not everybody may see. An export shows much at once. */
export const READING_ACTIONS: Readonly<Record<string, 'object' | 'export'>> = {
  'audit.export_downloaded': 'export',
  'billing.exported': 'export',
  'approval.reasons_read': 'object',
};
