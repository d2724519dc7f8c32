type Changed<Value> = Value extends readonly unknown[] ? Value : Value extends object ? SettingsChange<Value> : Value;

/** A change of settings: what is left out stays, what is null is taken back; so it is within an object. A list is replaced. */
export type SettingsChange<Settings> = {
  readonly [Name in keyof Settings]?: Changed<NonNullable<Settings[Name]>> | null;
};

/** The settings after the change. */
export function mergeSettings<Settings extends object>(settings: Settings, change: SettingsChange<Settings>): Settings {
  return mergeMembers(settings, change) as Settings;
}

function mergeMembers(settings: object, change: object): object {
  const merged = new Map<string, unknown>(Object.entries(settings));
  for (const [name, value] of Object.entries(change) as [string, unknown][]) {
    const before = merged.get(name);
    if (value === null) merged.delete(name);
    else if (value !== undefined)
      merged.set(name, isObject(value) ? mergeMembers(isObject(before) ? before : {}, value) : value);
  }
  return Object.fromEntries(merged);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
