/** What a check found. `warning` works, but should be looked at. */
export interface Finding {
  readonly level: 'ok' | 'warning' | 'failure';
  /** One sentence about what is; where that is not well, one more about what to do. */
  readonly text: string;
}

export function ok(text: string): Finding {
  return { level: 'ok', text };
}

export function warning(text: string): Finding {
  return { level: 'warning', text };
}

export function failure(text: string): Finding {
  return { level: 'failure', text };
}
