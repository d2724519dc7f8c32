import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type AccessState, NOTHING_SEEN } from '../../../src/audit/rules/watch/access-state.ts';
import { NETWORKS_REMEMBERED } from '../../../src/audit/rules/watch/detectors.ts';
import type { Finding } from '../../../src/audit/rules/watch/finding.ts';
import { hourNumber, localTime } from '../../../src/audit/rules/watch/local-time.ts';
import { networkOf } from '../../../src/audit/rules/watch/network.ts';
import { type Observation, READING_ACTIONS } from '../../../src/audit/rules/watch/observation.ts';
import { observe } from '../../../src/audit/rules/watch/observe.ts';
import { AUDIT_ACTIONS } from '../../../src/platform/audit-actions.ts';
import { DEFAULT_WATCH, type WatchSettings, watchSettings } from '../../../src/tenancy/rules/audit-settings.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const START = Date.UTC(2031, 0, 6);

function seen(at: number, what: Partial<Observation> = {}): Observation {
  return {
    at: new Date(at),
    local: localTime(new Date(at), 'UTC'),
    network: null,
    country: null,
    denied: false,
    read: null,
    ...what,
  };
}

/** Everything that was found in a row of observations, and what is known after them. */
function observeAll(
  observations: readonly Observation[],
  settings: WatchSettings = DEFAULT_WATCH,
  state: AccessState = NOTHING_SEEN,
): { state: AccessState; found: (Finding & { at: Date })[] } {
  const found: (Finding & { at: Date })[] = [];
  for (const observation of observations) {
    const result = observe(state, observation, settings);
    ({ state } = result);
    found.push(...result.findings.map((finding) => ({ ...finding, at: observation.at })));
  }
  return { state, found };
}

/** So many working days, nine to five, from one network. */
function workingDays(days: number, network: string | null = 'office'): Observation[] {
  return Array.from({ length: days }, (_, day) =>
    [9, 13, 17].map((hour) => seen(START + day * DAY + hour * HOUR, { network })),
  ).flat();
}

const anyObservation = fc
  .record({
    at: fc.integer({ min: START, max: START + 30 * DAY }),
    network: fc.option(fc.nat(200).map(String)),
    country: fc.option(fc.constantFrom('DE', 'FR', 'US')),
    denied: fc.boolean(),
    read: fc.option(
      fc.record({ kind: fc.constantFrom('object' as const, 'export' as const), object: fc.nat(300).map(String) }),
    ),
  })
  .map(({ at, ...what }) => seen(at, what));
const anySettings = fc.record({
  new_network: fc.record({ enabled: fc.boolean(), history_days: fc.integer({ min: 1, max: 30 }) }),
  new_country: fc.record({ enabled: fc.boolean(), history_days: fc.integer({ min: 1, max: 30 }) }),
  unusual_hour: fc.record({ enabled: fc.boolean(), history_days: fc.integer({ min: 1, max: 30 }) }),
  denials: fc.record({
    enabled: fc.boolean(),
    threshold: fc.integer({ min: 1, max: 20 }),
    within: fc.constantFrom('PT1M', 'PT10M', 'PT24H'),
  }),
  mass_reads: fc.record({
    enabled: fc.boolean(),
    objects: fc.integer({ min: 1, max: 20 }),
    exports: fc.integer({ min: 1, max: 5 }),
    within: fc.constantFrom('PT1M', 'PT1H', 'PT24H'),
  }),
});

describe('whatever is seen, in whatever order', () => {
  test('there is one finding of a kind an hour at most', () => {
    fc.assert(
      fc.property(
        fc.array(anyObservation, { minLength: 40, maxLength: 300 }),
        anySettings,
        (observations, settings) => {
          const hours = observeAll(observations, settings).found.map(({ kind, at }) => `${kind} ${hourNumber(at)}`);
          expect(new Set(hours).size).toBe(hours.length);
        },
      ),
    );
  });

  test('nothing is found that is switched off', () => {
    fc.assert(
      fc.property(
        fc.array(anyObservation, { minLength: 40, maxLength: 200 }),
        anySettings,
        (observations, settings) => {
          for (const { kind } of observeAll(observations, settings).found) expect(settings[kind].enabled).toBe(true);
        },
      ),
    );
  });

  test('what is remembered stays small, and is plain JSON', () => {
    fc.assert(
      fc.property(
        fc.array(anyObservation, { minLength: 40, maxLength: 400 }),
        anySettings,
        (observations, settings) => {
          const { state } = observeAll(observations, settings);
          expect(state.networks.length).toBeLessThanOrEqual(NETWORKS_REMEMBERED);
          expect(state.denials.length).toBeLessThan(settings.denials.threshold);
          expect(state.reads.length).toBeLessThan(settings.mass_reads.objects);
          expect(state.exports.length).toBeLessThan(settings.mass_reads.exports);
          expect(JSON.parse(JSON.stringify(state))).toEqual(state);
        },
      ),
    );
  });

  test('a network that is remembered is not new', () => {
    fc.assert(
      fc.property(fc.array(anyObservation, { minLength: 40, maxLength: 200 }), anyObservation, (observations, last) => {
        const { state } = observeAll(observations);
        const { findings } = observe(state, last, DEFAULT_WATCH);
        if (last.network === null || state.networks.includes(last.network))
          expect(findings.map(({ kind }) => kind)).not.toContain('new_network');
      }),
    );
  });
});

describe('a new network', () => {
  test('is found once somebody has a history, and is known from then on', () => {
    const later = START + 20 * DAY + 10 * HOUR;
    const { found, state } = observeAll([
      ...workingDays(10),
      seen(later, { network: 'elsewhere' }),
      seen(later + 2 * HOUR, { network: 'elsewhere' }),
    ]);
    expect(found).toEqual([{ kind: 'new_network', counts: { networks: 1, days: 10 }, at: new Date(later) }]);
    expect(state.networks).toEqual(['office', 'elsewhere']);
  });

  test('is not found without a history, nor where networks were not known before', () => {
    expect(observeAll([...workingDays(4), seen(START + 4 * DAY + 10 * HOUR, { network: 'elsewhere' })]).found).toEqual(
      [],
    );
    expect(
      observeAll([...workingDays(10, null), seen(START + 10 * DAY + 10 * HOUR, { network: 'first' })]).found,
    ).toEqual([]);
  });

  test('that was not used for long is forgotten before those in use', () => {
    const many = Array.from({ length: NETWORKS_REMEMBERED }, (_, n) =>
      seen(START + n * MINUTE, { network: `cafe-${n}` }),
    );
    const { state } = observeAll([
      seen(START - 1, { network: 'first' }),
      seen(START - 1, { network: 'office' }),
      ...many.slice(1),
      seen(START + DAY, { network: 'office' }),
    ]);
    expect(state.networks).not.toContain('first');
    expect(state.networks.at(-1)).toBe('office');
  });
});

describe('a new country', () => {
  const abroad = START + 20 * DAY + 10 * HOUR;
  const atHome = (days: number) => workingDays(days).map((each) => ({ ...each, country: 'DE' }));

  test('is found once somebody has a history, in place of the new network that it is too, and is known from then on', () => {
    const { found, state } = observeAll([
      ...atHome(10),
      seen(abroad, { network: 'hotel', country: 'FR' }),
      seen(abroad + 2 * HOUR, { network: 'café', country: 'FR' }),
    ]);
    expect(found).toEqual([
      { kind: 'new_country', counts: { countries: 1, days: 10 }, at: new Date(abroad) },
      { kind: 'new_network', counts: { networks: 2, days: 11 }, at: new Date(abroad + 2 * HOUR) },
    ]);
    expect(state.countries).toEqual(['DE', 'FR']);
  });

  test('is not found without a history, nor where countries were not known before, nor of an address of none', () => {
    expect(observeAll([...atHome(4), seen(START + 4 * DAY + 10 * HOUR, { country: 'FR' })]).found).toEqual([]);
    expect(observeAll([...workingDays(10), seen(abroad, { network: 'office', country: 'FR' })]).found).toEqual([]);
    expect(observeAll([...atHome(10), seen(abroad, { network: 'office' })]).found).toEqual([]);
  });

  test('that nobody looks for leaves the new network to be found', () => {
    const settings = watchSettings({ watch: { new_country: { enabled: false } } });
    const { found } = observeAll([...atHome(10), seen(abroad, { network: 'hotel', country: 'FR' })], settings);
    expect(found.map(({ kind }) => kind)).toEqual(['new_network']);
  });
});

describe('an unusual hour', () => {
  test.each([
    [3, true],
    [21, true],
    [19, true],
    [8, false],
    [18, false],
    [13, false],
  ])('%i o’clock, for somebody who works at nine, one and five', (hour, isUnusual) => {
    const { found } = observeAll([...workingDays(25), seen(START + 30 * DAY + hour * HOUR, { network: 'office' })]);
    expect(found.map(({ kind, counts }) => ({ kind, counts }))).toEqual(
      isUnusual ? [{ kind: 'unusual_hour', counts: { hour, days: 25 } }] : [],
    );
  });

  test('is one of the organization’s clocks', () => {
    expect(localTime(new Date('2031-07-01T22:30:00Z'), 'Europe/Berlin')).toEqual({
      day: Date.UTC(2031, 6, 2) / DAY,
      hour: 0,
    });
    expect(localTime(new Date('2031-01-01T03:30:00Z'), 'America/New_York')).toEqual({
      day: Date.UTC(2030, 11, 31) / DAY,
      hour: 22,
    });
    expect(localTime(new Date('2031-01-01T00:00:00Z'), 'UTC')).toEqual({ day: Date.UTC(2031, 0, 1) / DAY, hour: 0 });
  });

  test('is not found in somebody who was never seen for long', () => {
    expect(observeAll([...workingDays(19), seen(START + 30 * DAY + 3 * HOUR)]).found).toEqual([]);
  });
});

describe('denials', () => {
  const denied = (minutes: number) => seen(START + minutes * MINUTE, { denied: true });

  test('are a burst as soon as there are so many within the time, and again in the next hour', () => {
    expect(observeAll(Array.from({ length: 9 }, (_, n) => denied(n))).found).toEqual([]);
    const burst = Array.from({ length: 100 }, (_, n) => denied(n));
    const { found } = observeAll(burst);
    expect(found.map(({ at }) => at.getTime())).toEqual([START + 9 * MINUTE, START + 69 * MINUTE]);
    expect(found[0]?.counts).toEqual({ denials: 10, seconds: 600 });
  });

  test('that come slowly are none', () => {
    expect(observeAll(Array.from({ length: 200 }, (_, n) => denied(n * 2))).found).toEqual([]);
  });

  test('agree with a count over the window, wherever they stand', () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat(600), { minLength: 1, maxLength: 60 }),
        fc.integer({ min: 1, max: 15 }),
        (seconds, threshold) => {
          const moments = seconds.toSorted((a, b) => a - b).map((second) => START + second * 1000);
          const settings = watchSettings({ watch: { denials: { threshold, within: 'PT1M' } } });
          const { found } = observeAll(
            moments.map((at) => seen(at, { denied: true })),
            settings,
          );
          const first = moments.findIndex(
            (at, index) =>
              moments.filter((other, before) => before <= index && other > at - MINUTE).length >= threshold,
          );
          expect(found[0]?.at.getTime()).toBe(first < 0 ? undefined : moments[first]);
        },
      ),
    );
  });
});

describe('reading', () => {
  const reads = (objects: readonly string[]) =>
    objects.map((object, n) => seen(START + n * 1000, { read: { kind: 'object', object } }));

  test('many different objects is found, one object many times is not', () => {
    expect(observeAll(reads(Array.from({ length: 500 }, () => 'same'))).found).toEqual([]);
    const { found } = observeAll(reads(Array.from({ length: 150 }, (_, n) => `object-${n}`)));
    expect(found.map(({ kind, counts }) => ({ kind, counts }))).toEqual([
      { kind: 'mass_reads', counts: { objects: 100, exports: 0, seconds: 3600 } },
    ]);
  });

  test('few exports are enough', () => {
    const { found } = observeAll(
      Array.from({ length: 5 }, (_, n) => seen(START + n * MINUTE, { read: { kind: 'export', object: 'log' } })),
    );
    expect(found.map(({ counts }) => counts)).toEqual([{ objects: 0, exports: 5, seconds: 3600 }]);
  });

  test('is told from entries by actions that there are', () => {
    expect(Object.keys(AUDIT_ACTIONS)).toEqual(expect.arrayContaining(Object.keys(READING_ACTIONS)));
  });
});

describe('a network', () => {
  test.each([
    ['203.0.113.77', '203.0.113.0/24'],
    ['::ffff:203.0.113.77', '203.0.113.0/24'],
    ['2001:db8:1:2:3::4', '2001:db8:1::/48'],
    ['fe80::1%eth0', 'fe80::/48'],
    ['nonsense', null],
    ['', null],
    ['203.0.113', null],
  ])('of %s is %s', (address, network) => {
    expect(networkOf(address)).toBe(network);
  });

  test('is the same for all addresses of it', () => {
    fc.assert(
      fc.property(fc.ipV4(), fc.nat(255), (address, last) => {
        expect(networkOf(address.replace(/\d+$/, String(last)))).toBe(networkOf(address));
      }),
    );
  });
});
