/** The one door to the rules of reports. Everything behind it is pure. */
export {
  CATCH_UP_MS,
  duesBetween,
  nextDue,
  periodBefore,
  REPORT_FREQUENCIES,
  type ReportFrequency,
  type ReportPeriod,
  reportPeriod,
} from './rules/periods.ts';
export { scheduleTimes } from './rules/schedule-times.ts';
export {
  type Change,
  changesOf,
  type Money,
  percentOf,
  type Tally,
  tallyOf,
  topTallies,
  type TopTallies,
  type UsedSum,
} from './rules/tally.ts';
