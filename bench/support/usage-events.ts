import { readFileSync } from 'node:fs';
import type { Random } from './random.ts';

const MODELS = [
  ['openai', 'gpt-4o'],
  ['openai', 'gpt-4o-mini'],
  ['anthropic', 'claude-sonnet-4-5'],
  ['google', 'gemini-2.5-pro'],
  ['in-house', 'llama'],
] as const;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Of the events that a gateway sends: what a client had to keep while it was offline, or a provider told afterwards. */
const LATE = 0.02;

export interface EventPlan {
  readonly random: Random;
  readonly teams: number;
  readonly usersPerTeam: number;
  /** Input and output tokens of real calls; null: made up. */
  readonly tokens: readonly (readonly [input: number, output: number])[] | null;
}

/** Reads token counts from a file of the Azure LLM inference dataset: time, input tokens, output tokens. */
export function readTokenCounts(file: string): [number, number][] {
  const [, ...rows] = readFileSync(file, 'utf8').trim().split('\n');
  return rows.map((row) => row.split(',').slice(1).map(Number) as [number, number]);
}

const LATEST_DAYS = 85;

/**
 * Events as nobody would like to get them: of the last 85 days, a part of them twice, in any order.
 * @param repeated which part comes twice, from 0 to 1
 * @returns more than `count`, by those that come twice
 */
export function makeDisorder(plan: EventPlan, count: number, repeated: number, label: string): object[] {
  const { random } = plan;
  const events = makeEvents(plan, count, label).map((event) => ({
    ...event,
    occurred_at: new Date(Date.now() - random.int(0, LATEST_DAYS * 24 * HOUR_MS)).toISOString(),
  }));
  const all = [...events, ...events.filter(() => random.chance(repeated))];
  for (let last = all.length - 1; last > 0; last -= 1) {
    const other = random.int(0, last);
    [all[last], all[other]] = [all[other]!, all[last]!];
  }
  return all;
}

/** Events as a gateway reports them: of the last minute, and a few that are hours late. */
export function makeEvents({ random, teams, usersPerTeam, tokens }: EventPlan, count: number, label: string): object[] {
  const now = Date.now();
  return Array.from({ length: count }, (_, index) => {
    const team = random.int(0, teams - 1);
    const [provider, model] = random.pick(MODELS);
    const [input, output] = tokens ? random.pick(tokens) : [random.int(50, 8_000), random.int(1, 1_500)];
    return {
      id: `${label}-${index}`,
      source: 'gateway',
      team_id: `team-${team}`,
      user_id: `user-${team}-${random.int(0, usersPerTeam - 1)}`,
      provider,
      model,
      input_tokens: input,
      output_tokens: output,
      cached_input_tokens: random.chance(0.3) ? Math.floor(input / 2) : 0,
      latency_ms: random.int(80, 20_000),
      success: random.chance(0.98),
      occurred_at: new Date(now - random.int(0, random.chance(LATE) ? 3 * HOUR_MS : MINUTE_MS)).toISOString(),
    };
  });
}
