import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { aliasSchema, timestampOut } from '../../platform/http/schemas.ts';

const LONGEST_URL = 2_048;
const LONGEST_TOKEN = 4_096;
const LONGEST_CA = 65_536;

const hostSchema = z
  .string()
  .min(1)
  .max(253)
  .regex(/^[A-Za-z0-9._:-]+$/, 'must be a host name or an address')
  .meta({ example: 'siem.example.com' });
const tokenSchema = z
  .string()
  .min(1)
  .max(LONGEST_TOKEN)
  .regex(/^[\x21-\x7e]+$/, 'must be printable ASCII without spaces');
const caSchema = z.string().max(LONGEST_CA).refine(isCertificates, 'must be certificates in PEM');

const common = {
  personal: z
    .boolean()
    .default(false)
    .describe('true: address and user agent are sent along. What was sent cannot be erased from here.'),
  ca: caSchema.optional().describe('Certificates (PEM) to trust instead of the usual ones'),
  from: z
    .int()
    .min(0)
    .optional()
    .describe(
      'The `seq` of the first entry to send. Left out: a new stream begins with the next entry, and one that is there goes on where it stands.',
    ),
};

const httpsStreamSchema = z.strictObject({
  kind: z.literal('https'),
  url: z
    .string()
    .min(1)
    .max(LONGEST_URL)
    .refine(isHttps, 'must be an https URL without user and password')
    .describe('Events are posted to it as a JSON array.')
    .meta({ example: 'https://siem.example.com/events' }),
  token: tokenSchema
    .optional()
    .describe('Sent as `Authorization: Bearer`. Not shown again; to keep it, send it with every change.'),
  ...common,
});

const syslogStreamSchema = z.strictObject({
  kind: z.literal('syslog'),
  host: hostSchema,
  port: z.int().min(1).max(65_535).meta({ example: 6514 }),
  tls: z.boolean().default(true).describe('false: what is sent can be read, and changed, on its way.'),
  ...common,
});

export const newStreamSchema = z
  .discriminatedUnion('kind', [httpsStreamSchema, syslogStreamSchema])
  .meta({ id: 'NewAuditStream' });
export type NewStream = z.output<typeof newStreamSchema>;

export const streamParams = z.object({ name: aliasSchema });

export const streamSchema = z
  .object({
    name: aliasSchema,
    kind: z.enum(['https', 'syslog']),
    url: z.string().nullable(),
    host: z.string().nullable(),
    port: z.int().nullable(),
    tls: z.boolean(),
    personal: z.boolean(),
    cursor: z.int().describe('The `seq` of the next entry to send: everything before it has arrived.'),
    lag: z.int().describe('How many sealed entries have not arrived'),
    state: z.enum(['working', 'failing']),
    last_error: z.string().nullable(),
    failing_since: timestampOut.nullable(),
    delivered_at: timestampOut.nullable().describe('When something arrived last'),
    created_at: timestampOut,
    updated_at: timestampOut,
  })
  .meta({ id: 'AuditStream' });

export const streamsSchema = z
  .object({ items: z.array(streamSchema), next_cursor: z.null() })
  .meta({ id: 'AuditStreams' });

const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** What cannot be read would be found out only when something is to be sent. */
function isCertificates(text: string): boolean {
  const blocks = text.match(CERTIFICATE) ?? [];
  return blocks.length > 0 && text.replace(CERTIFICATE, '').trim() === '' && blocks.every(isCertificate);
}

function isCertificate(block: string): boolean {
  try {
    return new X509Certificate(block).subject !== undefined;
  } catch {
    return false;
  }
}

function isHttps(text: string): boolean {
  const url = URL.parse(text);
  return url?.protocol === 'https:' && url.username === '' && url.password === '';
}
