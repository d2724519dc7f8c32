/** Variables of Countersign itself that hold secrets; no tool and no embedded server has any business with them. */
const ownSecrets = /^(COUNTERSIGN_|DATABASE_|SMTP_)/;

/** What the embedded servers may need of our environment. Anything else could change them, as `PGPORT` or `TEMPORAL_ADDRESS` do. */
const neededByServers = ['PATH', 'HOME', 'TMPDIR'];

/** The environment for build tools and downloads: ours (proxies, certificates, registries) without our secrets. */
export function toolEnvironment(extra: Record<string, string> = {}): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !ownSecrets.test(name)) environment[name] = value;
  }
  return { ...environment, ...extra };
}

/** The environment for embedded servers: next to nothing, and the same on every machine. `home` replaces HOME. */
export function serverEnvironment(home?: string): Record<string, string> {
  const environment: Record<string, string> = { LC_ALL: 'C', TZ: 'UTC' };
  for (const name of neededByServers) {
    const value = process.env[name];
    if (value !== undefined) environment[name] = value;
  }
  if (home !== undefined) environment['HOME'] = home;
  return environment;
}
