import { setTimeout as pause } from 'node:timers/promises';
import type { Random } from '../../bench/support/random.ts';
import { type Victim, type VictimName, VICTIMS } from './victim.ts';

/** How long everything runs between two kills, and how long what was killed stays away, in milliseconds. */
const QUIET_MS = { shortest: 300, longest: 1_500 };
const AWAY_MS = { shortest: 100, longest: 2_000 };

/** How often the next kill does not wait until everything works again: it then comes in the middle of a recovery. */
const HASTE = 0.3;

export interface KillPlan {
  readonly kills: number;
  readonly victims: Readonly<Record<VictimName, Victim>>;
  readonly random: Random;
  /** Resolves when requests are answered again. */
  readonly untilUsable: () => Promise<void>;
  /** Told before each kill; counts from 0. */
  readonly onKill: (index: number, name: VictimName) => void;
}

/** Kills one after the other at random moments, and starts each again. @returns how often each was killed */
export async function killRepeatedly({
  kills,
  victims,
  random,
  untilUsable,
  onKill,
}: KillPlan): Promise<Map<VictimName, number>> {
  const counts = new Map<VictimName, number>();
  const order = victimsInTurn(kills, random);
  for (const [index, name] of order.entries()) {
    await pause(random.int(QUIET_MS.shortest, QUIET_MS.longest));
    onKill(index, name);
    counts.set(name, (counts.get(name) ?? 0) + 1);
    await victims[name].kill();
    await pause(random.int(AWAY_MS.shortest, AWAY_MS.longest));
    await victims[name].start();
    if (!random.chance(HASTE)) await untilUsable();
  }
  return counts;
}

/** In random order, each about as often as the others. */
function victimsInTurn(kills: number, random: Random): VictimName[] {
  return Array.from({ length: kills }, (_, index) => ({
    name: VICTIMS[index % VICTIMS.length] ?? 'api',
    order: random.next(),
  }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ name }) => name);
}
