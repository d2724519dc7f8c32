import { z } from 'zod';
import { parseDuration } from '../platform/duration.ts';
import { DEFAULT_WATCH } from './rules/audit-settings.ts';
import { DEFAULT_RETENTION_MONTHS, FRAMEWORKS, RETENTION_RULES } from './rules/retention.ts';

/** What is remembered of a person is bounded by these: a window longer than a day, or larger, would make it grow. */
const LONGEST_WINDOW_SECONDS = 86_400;
const LARGEST_COUNT = 1_000;
/** What happened at the end of a month may be written down some days after it. */
const SHORTEST_RETENTION_DAYS = 30;
const LONGEST_RETENTION_DAYS = 36_525;

const windowSchema = z
  .string()
  .refine(isWindow, 'must be an ISO 8601 duration from PT1S to PT24H, such as PT10M')
  .meta({ example: 'PT10M' });

const count = z.int().min(1).max(LARGEST_COUNT);
const historyDays = z.int().min(1).max(365).describe('Only once somebody was seen on so many days');
const enabled = z.boolean();

const retentionRules = Object.entries(RETENTION_RULES)
  .map(([name, { months, source }]) => `\`${name}\`: ${months} months (${source}).`)
  .join(' ');

const retentionSchema = z
  .strictObject({
    frameworks: z.array(z.enum(FRAMEWORKS)).max(FRAMEWORKS.length).nullish().describe(retentionRules),
    days: z.int().min(SHORTEST_RETENTION_DAYS).max(LONGEST_RETENTION_DAYS).nullish(),
  })
  .describe(
    `How long entries stay in the database before they are archived; the longest counts. Nothing set: ${DEFAULT_RETENTION_MONTHS} months.`,
  );

const watchSchema = z
  .strictObject({
    new_network: z
      .strictObject({ enabled, history_days: historyDays })
      .partial()
      .optional()
      .describe(
        `Access from a network (/24, /48) where the person was never seen. Default: ${JSON.stringify(DEFAULT_WATCH.new_network)}`,
      ),
    new_country: z
      .strictObject({ enabled, history_days: historyDays })
      .partial()
      .optional()
      .describe(
        `Access from a country where the person was never seen, where this installation knows countries. Default: ${JSON.stringify(DEFAULT_WATCH.new_country)}`,
      ),
    unusual_hour: z
      .strictObject({ enabled, history_days: historyDays })
      .partial()
      .optional()
      .describe(
        `Access at an hour of the day at which the person was never seen. Default: ${JSON.stringify(DEFAULT_WATCH.unusual_hour)}`,
      ),
    denials: z
      .strictObject({ enabled, threshold: count, within: windowSchema })
      .partial()
      .optional()
      .describe(`Many refusals. Default: ${JSON.stringify(DEFAULT_WATCH.denials)}`),
    mass_reads: z
      .strictObject({ enabled, objects: count, exports: count, within: windowSchema })
      .partial()
      .optional()
      .describe(`Many different objects read, or many exports. Default: ${JSON.stringify(DEFAULT_WATCH.mass_reads)}`),
  })
  .describe('What counts as unusual access');

/** A change of the settings of the audit log: what is left out stays as it is. */
export const auditSettingsChangeSchema = z
  .strictObject({ retention: retentionSchema.nullish(), watch: watchSchema.nullish() })
  .meta({ id: 'AuditSettingsChange' });

/** The settings of the audit log as they hold. */
export const auditSettingsSchema = z
  .object({
    retention: z.object({ frameworks: z.array(z.string()), days: z.int().nullable() }),
    watch: z.object({
      new_network: z.object({ enabled, history_days: z.int() }),
      new_country: z.object({ enabled, history_days: z.int() }),
      unusual_hour: z.object({ enabled, history_days: z.int() }),
      denials: z.object({ enabled, threshold: z.int(), within: z.string() }),
      mass_reads: z.object({ enabled, objects: z.int(), exports: z.int(), within: z.string() }),
    }),
  })
  .meta({ id: 'AuditSettings' });

function isWindow(text: string): boolean {
  try {
    const { days, seconds } = parseDuration(text);
    return days * 86_400 + seconds <= LONGEST_WINDOW_SECONDS;
  } catch {
    return false;
  }
}
