import { z } from 'zod';
import { inputMessage } from './platform/input-messages.ts';

const port = z.coerce.number().int().min(0).max(65_535);
const hex64 = z.string().regex(/^[0-9a-f]{64}$/i, 'must be 64 hexadecimal characters');
const flag = z.enum(['true', 'false', '1', '0']).transform((text) => text === 'true' || text === '1');

const environmentSchema = z.object({
  NODE_ENV: z.string().default('development'),
  PORT: port.default(8080),
  WORKER_PORT: port.optional(),
  HOST: z.string().min(1).default('127.0.0.1'),
  PUBLIC_URL: z.url({ protocol: /^https?$/ }).optional(),
  DATA_DIR: z.string().min(1).default('.data'),
  DATABASE_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  DATABASE_MIGRATION_URL: z.url({ protocol: /^postgres(ql)?$/ }).optional(),
  DATABASE_POOL_SIZE: z.coerce.number().int().min(2).max(200).default(20),
  TEMPORAL_ADDRESS: z.string().min(1).optional(),
  TEMPORAL_NAMESPACE: z.string().min(1).default('default'),
  TEMPORAL_TLS: flag.default(false),
  TEMPORAL_API_KEY: z.string().min(1).optional(),
  TEMPORAL_TASK_QUEUE: z.string().min(1).default('countersign'),
  SMTP_URL: z.url({ protocol: /^smtps?$/ }).optional(),
  MAIL_FROM: z
    .string()
    .min(3)
    .max(320)
    .regex(/^[^\r\n]+$/)
    .default('Countersign <countersign@localhost>'),
  COUNTERSIGN_BOOTSTRAP_KEY: z.string().min(32, 'must be at least 32 characters').max(512).optional(),
  COUNTERSIGN_SECRET_KEY: hex64.optional(),
  WEBHOOK_ALLOW_PRIVATE_ADDRESSES: flag.default(false),
  AUDIT_ARCHIVE_DIR: z.string().min(1).optional(),
  AUDIT_COUNTRY_FILE: z.string().min(1).optional(),
  AUDIT_SHARDS: z.coerce.number().int().min(1).max(64).default(1),
  RATE_LIMIT: z.coerce.number().int().min(0).default(6000),
  TRUST_PROXY: z.string().optional(),
  LOG_LEVEL: z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']).default('info'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url().optional(),
});

/** What the environment asks for, parsed once; nothing else reads `process.env`. */
export interface Config {
  readonly production: boolean;
  readonly port: number;
  readonly host: string;
  /** Origin of the links in mail, without a trailing slash. Never taken from a request. */
  readonly publicUrl: string;
  readonly dataDir: string;
  readonly databaseUrl: string | null;
  readonly databaseMigrationUrl: string | null;
  readonly databasePoolSize: number;
  readonly temporal: {
    readonly address: string | null;
    readonly namespace: string;
    readonly taskQueue: string;
    readonly security: { readonly tls?: boolean; readonly apiKey?: string };
  };
  /** Where a worker of its own shows its health and metrics; null: nowhere. */
  readonly workerPort: number | null;
  readonly smtpUrl: string | null;
  readonly mailFrom: string;
  readonly bootstrapKey: string | null;
  readonly secretKey: string | null;
  readonly webhookAllowPrivateAddresses: boolean;
  /** Where months of the audit log go whose retention is over; the same folder for every process. Null: they stay in the database. */
  readonly auditArchiveDir: string | null;
  /** Says in which country an address is used (MaxMind DB format), for workers. Null: nobody looks at countries. */
  readonly auditCountryFile: string | null;
  /** How many sealings of the audit log there are, each for its part of the organizations. The same in every worker. */
  readonly auditShards: number;
  /** Requests a minute and key; 0 switches the limit off. */
  readonly rateLimit: number;
  /** Express's `trust proxy` setting: which proxies may name the client's address. */
  readonly trustProxy: string | null;
  readonly logLevel: string;
  readonly traceEndpoint: string | null;
}

/** The environment names something that cannot be. The message says which variable and why, never its value. */
export class InvalidConfiguration extends Error {
  readonly code = 'invalid-configuration';
}

/**
 * Reads the environment.
 * @throws InvalidConfiguration naming every variable that is wrong.
 */
export function parseConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const parsed = environmentSchema.safeParse(given, { error: inputMessage });
  if (!parsed.success) {
    throw new InvalidConfiguration(
      parsed.error.issues.map((issue) => `${issue.path.join('.')}: ${issue.message}`).join('; '),
    );
  }
  const env = parsed.data;
  const production = env.NODE_ENV === 'production';
  if (production && !env.COUNTERSIGN_SECRET_KEY) {
    throw new InvalidConfiguration(
      'COUNTERSIGN_SECRET_KEY: required with NODE_ENV=production; make one with `openssl rand -hex 32` and keep it safe, nothing can be read without it',
    );
  }
  return {
    production,
    port: env.PORT,
    host: env.HOST,
    publicUrl: (env.PUBLIC_URL ?? `http://${env.HOST}:${env.PORT}`).replace(/\/+$/, ''),
    dataDir: env.DATA_DIR,
    databaseUrl: env.DATABASE_URL ?? null,
    databaseMigrationUrl: env.DATABASE_MIGRATION_URL ?? null,
    databasePoolSize: env.DATABASE_POOL_SIZE,
    temporal: {
      address: env.TEMPORAL_ADDRESS ?? null,
      namespace: env.TEMPORAL_NAMESPACE,
      taskQueue: env.TEMPORAL_TASK_QUEUE,
      security: temporalSecurity(env.TEMPORAL_TLS, env.TEMPORAL_API_KEY),
    },
    workerPort: env.WORKER_PORT ?? null,
    smtpUrl: env.SMTP_URL ?? null,
    mailFrom: env.MAIL_FROM,
    bootstrapKey: env.COUNTERSIGN_BOOTSTRAP_KEY ?? null,
    secretKey: env.COUNTERSIGN_SECRET_KEY ?? null,
    webhookAllowPrivateAddresses: env.WEBHOOK_ALLOW_PRIVATE_ADDRESSES,
    auditArchiveDir: env.AUDIT_ARCHIVE_DIR ?? null,
    auditCountryFile: env.AUDIT_COUNTRY_FILE ?? null,
    auditShards: env.AUDIT_SHARDS,
    rateLimit: env.RATE_LIMIT,
    trustProxy: env.TRUST_PROXY ?? null,
    logLevel: env.LOG_LEVEL,
    traceEndpoint: env.OTEL_EXPORTER_OTLP_ENDPOINT ?? null,
  };
}

/** An API key is never sent in the clear. */
function temporalSecurity(tls: boolean, apiKey: string | undefined): Config['temporal']['security'] {
  return apiKey === undefined ? (tls ? { tls } : {}) : { tls: true, apiKey };
}
