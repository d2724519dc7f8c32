/** Ports of the server's parts, all on loopback. */
export interface TemporalPorts {
  readonly frontend: number;
  readonly matching: number;
  readonly history: number;
  readonly worker: number;
  /** Where the parts find each other. */
  readonly membership: {
    readonly frontend: number;
    readonly matching: number;
    readonly history: number;
    readonly worker: number;
  };
}

export interface TemporalStore {
  /** `host:port` of PostgreSQL. */
  readonly address: string;
  readonly user: string;
  readonly password: string;
  readonly databases: { readonly main: string; readonly visibility: string };
}

/** Each part of the server has a pool of its own. */
const CONNECTIONS_PER_PART = 20;
const VISIBILITY_CONNECTIONS_PER_PART = 4;

/**
 * The server's configuration (its `config/development-postgres12.yaml` without archival and metrics). JSON is YAML.
 * @param shards cannot be changed afterwards
 */
export function temporalConfig(ports: TemporalPorts, store: TemporalStore, shards: number): string {
  const part = (name: keyof TemporalPorts['membership']) => ({
    rpc: { grpcPort: ports[name], membershipPort: ports.membership[name], bindOnLocalHost: true },
  });
  const config = {
    log: { stdout: true, level: 'error' },
    persistence: {
      defaultStore: 'main',
      visibilityStore: 'visibility',
      numHistoryShards: shards,
      datastores: {
        main: { sql: datastore(store, store.databases.main, CONNECTIONS_PER_PART) },
        visibility: { sql: datastore(store, store.databases.visibility, VISIBILITY_CONNECTIONS_PER_PART) },
      },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: '127.0.0.1' } },
    services: {
      frontend: part('frontend'),
      matching: part('matching'),
      history: part('history'),
      worker: part('worker'),
    },
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: {
          enabled: true,
          initialFailoverVersion: 1,
          rpcName: 'frontend',
          rpcAddress: `127.0.0.1:${ports.frontend}`,
        },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}

function datastore({ address, user, password }: TemporalStore, databaseName: string, connections: number) {
  return {
    pluginName: 'postgres12',
    databaseName,
    connectAddr: address,
    connectProtocol: 'tcp',
    user,
    password,
    maxConns: connections,
    maxIdleConns: connections,
    maxConnLifetime: '1h',
  };
}
