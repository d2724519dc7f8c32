import type { WatchSettings } from '../../../tenancy/rules/audit-settings.ts';
import type { AccessState } from './access-state.ts';
import type { Finding } from './finding.ts';
import type { Observation } from './observation.ts';
import { windowMs, windowStart } from './window.ts';

/** What a detector makes of an observation: what it remembers from now on, and what it found unusual. */
export interface Detected {
  readonly learned: Partial<AccessState>;
  readonly finding: Finding | null;
}

/** @param state what was known before the observation */
export type Detector = (state: AccessState, seen: Observation, settings: WatchSettings) => Detected;

/** More networks than anybody uses; whoever uses more has the one seen longest ago forgotten. */
export const NETWORKS_REMEMBERED = 64;
const HOURS = 24;

export const newNetwork: Detector = ({ days, networks }, { network }, { new_network: { enabled, history_days } }) => {
  if (network === null) return { learned: {}, finding: null };
  const isNew = enabled && days >= history_days && networks.length > 0 && !networks.includes(network);
  const learned = { networks: [...networks.filter((known) => known !== network), network].slice(-NETWORKS_REMEMBERED) };
  return { learned, finding: isNew ? { kind: 'new_network', counts: { networks: networks.length, days } } : null };
};

/** There are few enough countries to remember all of them. */
export const newCountry: Detector = ({ days, countries }, { country }, { new_country: { enabled, history_days } }) => {
  if (country === null || countries.includes(country)) return { learned: {}, finding: null };
  const isNew = enabled && days >= history_days && countries.length > 0;
  return {
    learned: { countries: [...countries, country] },
    finding: isNew ? { kind: 'new_country', counts: { countries: countries.length, days } } : null,
  };
};

/** Whoever is used to begin at nine may begin at eight: the hours on both sides of a usual one are no surprise. */
export const unusualHour: Detector = ({ days, hours }, { local }, { unusual_hour: { enabled, history_days } }) => {
  const around = [local.hour - 1, local.hour, local.hour + 1].map((hour) => (hour + HOURS) % HOURS);
  const isUnusual = enabled && days >= history_days && !around.some((hour) => (hours & (1 << hour)) !== 0);
  return {
    learned: { hours: hours | (1 << local.hour) },
    finding: isUnusual ? { kind: 'unusual_hour', counts: { hour: local.hour, days } } : null,
  };
};

/** Counts from nothing again once it was found: what goes on is found again. */
export const burstOfDenials: Detector = ({ denials }, { at, denied }, { denials: { enabled, threshold, within } }) => {
  if (!enabled || !denied) return { learned: enabled ? {} : { denials: [] }, finding: null };
  const all = [...denials, at.getTime()];
  const recent = all.filter((moment) => moment > windowStart(all, windowMs(within)));
  const isBurst = recent.length >= threshold;
  return {
    learned: { denials: isBurst ? [] : recent },
    finding: isBurst ? { kind: 'denials', counts: { denials: recent.length, seconds: windowMs(within) / 1000 } } : null,
  };
};

/** Reading one thing twice is reading one thing; every export counts. */
export const massReads: Detector = (
  { reads, exports },
  { at, read },
  { mass_reads: { enabled, objects, exports: mostExports, within } },
) => {
  if (!enabled || !read) return { learned: enabled ? {} : { reads: [], exports: [] }, finding: null };
  const moment = at.getTime();
  const allReads =
    read.kind === 'object'
      ? [...reads.filter(([object]) => object !== read.object), [read.object, moment] as const]
      : reads;
  const allExports = read.kind === 'export' ? [...exports, moment] : exports;
  const start = windowStart([...allReads.map(([, last]) => last), ...allExports], windowMs(within));
  const recentReads = allReads.filter(([, last]) => last > start);
  const recentExports = allExports.filter((last) => last > start);
  const isMass = recentReads.length >= objects || recentExports.length >= mostExports;
  const counts = { objects: recentReads.length, exports: recentExports.length, seconds: windowMs(within) / 1000 };
  return {
    learned: isMass ? { reads: [], exports: [] } : { reads: recentReads, exports: recentExports },
    finding: isMass ? { kind: 'mass_reads', counts } : null,
  };
};
