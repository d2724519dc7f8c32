import type { WatchSettings } from '../../../tenancy/rules/audit-settings.ts';
import type { AccessState } from './access-state.ts';
import { burstOfDenials, type Detector, massReads, newCountry, newNetwork, unusualHour } from './detectors.ts';
import type { Finding } from './finding.ts';
import { hourNumber } from './local-time.ts';
import type { Observation } from './observation.ts';

const DETECTORS: readonly Detector[] = [newNetwork, newCountry, unusualHour, burstOfDenials, massReads];

/**
 * Looks at one access in the light of what is known about the person. Of each kind there is one finding an hour at most:
 * what goes on is said again in the next hour, not at every step. A new country is a new network too, and said once.
 */
export function observe(
  state: AccessState,
  seen: Observation,
  settings: WatchSettings,
): { readonly state: AccessState; readonly findings: readonly Finding[] } {
  const detected = DETECTORS.map((detect) => detect(state, seen, settings));
  const hour = hourNumber(seen.at);
  const unusual = detected.flatMap(({ finding }) => finding ?? []);
  const isAbroad = unusual.some(({ kind }) => kind === 'new_country');
  const findings = unusual.filter(
    ({ kind }) => hour > (state.told[kind] ?? -Infinity) && !(isAbroad && kind === 'new_network'),
  );
  const learned = Object.assign({}, ...detected.map((each) => each.learned)) as Partial<AccessState>;
  const told = { ...state.told, ...Object.fromEntries(findings.map(({ kind }) => [kind, hour])) };
  return { state: { ...state, ...learned, ...dayOf(state, seen), told }, findings };
}

function dayOf({ days, lastDay }: AccessState, { local }: Observation): Pick<AccessState, 'days' | 'lastDay'> {
  return local.day > lastDay ? { days: days + 1, lastDay: local.day } : { days, lastDay };
}
