interface RetentionRule {
  /** How long records are kept, in months of the calendar, from the end of the month they were made in. */
  readonly months: number;
  /** Where that stands. */
  readonly source: string;
}

/**
 * How long frameworks want records such as an audit log to be kept. Where one prescribes no time, the source says what was
 * taken instead. GDPR is not among them: it sets no least time, but wants data kept no longer than needed (Article 5(1)(e)).
 */
export const RETENTION_RULES = {
  eu_ai_act: {
    months: 6,
    source:
      'Regulation (EU) 2024/1689, Articles 19(1) and 26(6): providers and deployers keep the logs of high-risk systems at least six months',
  },
  soc2: {
    months: 12,
    source: 'AICPA Trust Services Criteria prescribe no time; a Type 2 report mostly looks at twelve months',
  },
  pci_dss: {
    months: 12,
    source: 'PCI DSS 4.0.1, requirement 10.5.1: twelve months of audit log history, the last three at hand',
  },
  omb_m_21_31: {
    months: 30,
    source: 'OMB Memorandum M-21-31, Appendix C: twelve months in active storage and eighteen in cold storage',
  },
  iso_27001: {
    months: 36,
    source: 'ISO/IEC 27001:2022, A.8.15 prescribes no time; a certificate is valid for three years (ISO/IEC 17021-1)',
  },
  hipaa: {
    months: 72,
    source: '45 CFR 164.316(b)(2)(i): six years from when it was made or was last in effect',
  },
  sec_17a_4: {
    months: 72,
    source: '17 CFR 240.17a-4(a): six years for the books of brokers and dealers, the first two at hand',
  },
  sox: {
    months: 84,
    source:
      '17 CFR 210.2-06 (Sarbanes-Oxley Act, section 802): seven years, for records of an audit, after it was concluded',
  },
  hgb: {
    months: 120,
    source:
      'Handelsgesetzbuch § 257(4), Abgabenordnung § 147(3): ten years for books and what is needed to understand them, eight for vouchers (since 2025)',
  },
} as const satisfies Readonly<Record<string, RetentionRule>>;

export type Framework = keyof typeof RETENTION_RULES;

export const FRAMEWORKS = Object.keys(RETENTION_RULES) as [Framework, ...Framework[]];

/** What is kept where an organization has chosen nothing: seven years. */
export const DEFAULT_RETENTION_MONTHS = 84;

/** What an organization has chosen; the longest of it counts. */
export interface RetentionChoice {
  readonly frameworks?: readonly Framework[];
  readonly days?: number;
}

/**
 * Until when records of a month are kept in the database.
 * @param monthEnd the first moment after the month, UTC
 */
export function keptUntil(monthEnd: Date, { frameworks = [], days }: RetentionChoice): Date {
  const ends = frameworks.map((framework) => addMonths(monthEnd, RETENTION_RULES[framework].months));
  if (days !== undefined) ends.push(new Date(monthEnd.getTime() + days * 86_400_000));
  if (ends.length === 0) ends.push(addMonths(monthEnd, DEFAULT_RETENTION_MONTHS));
  return ends.reduce((latest, end) => (end > latest ? end : latest));
}

/** A month begins on its first day: adding months to it never falls past a month's end. */
function addMonths(firstOfMonth: Date, months: number): Date {
  return new Date(Date.UTC(firstOfMonth.getUTCFullYear(), firstOfMonth.getUTCMonth() + months, 1));
}
