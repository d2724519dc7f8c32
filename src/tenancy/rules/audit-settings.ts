import type { RetentionChoice } from './retention.ts';

/** Access from a network that a person was never seen in. */
interface NewNetworkSetting {
  readonly enabled: boolean;
  /** Only once the person was seen on so many days. */
  readonly history_days: number;
}

/** Access from a country that a person was never seen in. */
type NewCountrySetting = NewNetworkSetting;

/** Access at an hour of the day, in the organization's time zone, that a person never worked at. */
type UnusualHourSetting = NewNetworkSetting;

/** So many refusals within a time. */
interface DenialsSetting {
  readonly enabled: boolean;
  readonly threshold: number;
  /** ISO 8601 duration. */
  readonly within: string;
}

/** So much read within a time. */
interface MassReadsSetting {
  readonly enabled: boolean;
  /** Different objects. */
  readonly objects: number;
  readonly exports: number;
  /** ISO 8601 duration. */
  readonly within: string;
}

/** What counts as unusual access. */
export interface WatchSettings {
  readonly new_network: NewNetworkSetting;
  readonly new_country: NewCountrySetting;
  readonly unusual_hour: UnusualHourSetting;
  readonly denials: DenialsSetting;
  readonly mass_reads: MassReadsSetting;
}

/** What an organization has set about its audit log. */
export interface AuditSettings {
  readonly retention?: RetentionChoice;
  readonly watch?: { readonly [Kind in keyof WatchSettings]?: Partial<WatchSettings[Kind]> };
}

/** Quiet for people who work as usual; loud for a stolen key that is used at once and for all it can reach. */
export const DEFAULT_WATCH: WatchSettings = {
  new_network: { enabled: true, history_days: 5 },
  new_country: { enabled: true, history_days: 5 },
  unusual_hour: { enabled: true, history_days: 20 },
  denials: { enabled: true, threshold: 10, within: 'PT10M' },
  mass_reads: { enabled: true, objects: 100, exports: 5, within: 'PT1H' },
};

/** What holds: what was set, and the default where nothing was. */
export function watchSettings({ watch = {} }: AuditSettings = {}): WatchSettings {
  return {
    new_network: { ...DEFAULT_WATCH.new_network, ...watch.new_network },
    new_country: { ...DEFAULT_WATCH.new_country, ...watch.new_country },
    unusual_hour: { ...DEFAULT_WATCH.unusual_hour, ...watch.unusual_hour },
    denials: { ...DEFAULT_WATCH.denials, ...watch.denials },
    mass_reads: { ...DEFAULT_WATCH.mass_reads, ...watch.mass_reads },
  };
}
