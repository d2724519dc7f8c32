/** What a team says of its budgets. */
export interface AlertSettings {
  /** Percent of the limit. */
  readonly warning_threshold: number;
  readonly exceeded_action: 'notify' | 'require_approval' | 'restrict' | 'suspend';
  /** Percent of the limit that nothing goes past under `restrict`. */
  readonly hard_limit_percent: number;
  /** Percent of the amount. */
  readonly increase_percent: number;
  readonly restrict_to_models: readonly string[];
}

/** What holds where a team says nothing. */
export const ALERT_DEFAULTS: AlertSettings = {
  warning_threshold: 80,
  exceeded_action: 'require_approval',
  hard_limit_percent: 110,
  increase_percent: 20,
  restrict_to_models: [],
};

/** What a team says, with the defaults where it says nothing. */
export function presentAlertSettings(own: Partial<AlertSettings> | undefined) {
  const settings = { ...ALERT_DEFAULTS, ...own };
  return { ...settings, restrict_to_models: [...settings.restrict_to_models] };
}
