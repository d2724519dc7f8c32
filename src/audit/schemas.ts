import { z } from 'zod';
import {
  aliasSchema,
  lineText,
  pageQuery,
  timestampOut,
  timestampSchema,
  uuidSchema,
} from '../platform/http/schemas.ts';

/** A whole number as it stands in an address. Nothing else that JavaScript would take for one is one. */
const wholeNumber = z
  .string()
  .regex(/^(0|[1-9]\d{0,15})$/, 'must be a whole number')
  .transform(Number)
  .refine(Number.isSafeInteger, 'must be a whole number below 2^53')
  .meta({ override: { type: 'integer', minimum: 0 }, example: 1000 });

const idSchema = lineText(200);

export const entryQuery = z.strictObject({
  team_id: aliasSchema.optional().describe('Entries of this team alone.'),
  actor: idSchema
    .optional()
    .describe('A user’s id, or the internal id of whoever acted (a service’s key, for instance).'),
  action: z
    .string()
    .regex(/^[a-z0-9_.]{1,64}$/, 'must be the name of an action, such as `approval.created`')
    .optional()
    .describe('`/docs` lists them.')
    .meta({ example: 'approval.created' }),
  resource: idSchema.optional().describe('A user’s or a team’s id, or the internal id of anything else.'),
  from: timestampSchema.optional().describe('From this moment on.'),
  to: timestampSchema.optional().describe('Up to, and without, this one.'),
  outcome: z.enum(['success', 'denied']).optional(),
  ...pageQuery,
});

const namedSchema = (what: string) => ({
  type: z.string(),
  id: z
    .string()
    .nullable()
    .describe(
      `The id as callers know it: of ${what}, the one they chose, and null once it was erased; of anything else, \`ref\`.`,
    ),
});

export const entrySchema = z
  .object({
    id: uuidSchema,
    seq: z
      .int()
      .nullable()
      .describe('Its place in the log, from 0 and without gaps; null until it is sealed, which takes a second or two.'),
    at: timestampOut,
    actor: z.object({
      ...namedSchema('a user'),
      ref: z
        .string()
        .nullable()
        .describe('The internal id, which is what was signed; null for the operator and for what happens by itself.'),
      key: z.string().nullable().describe('The API key that was used.'),
    }),
    on_behalf_of: z.string().nullable().describe('The user’s id; null where there is none, or once they were erased.'),
    on_behalf_of_ref: z.string().nullable(),
    action: z.string().describe('`/docs` lists them.'),
    resource: z.object({ ...namedSchema('a user or a team'), ref: z.string() }),
    outcome: z.enum(['success', 'denied']),
    team_id: z.string().nullable(),
    team_ref: z.string().nullable(),
    request_id: z.string().nullable(),
    policy_version: z.union([z.string(), z.number()]).optional(),
    detail: z.record(z.string(), z.unknown()).describe('Codes and counts; which ones depends on the action.'),
    source: z
      .object({ address: z.string().nullable(), user_agent: z.string().nullable() })
      .nullable()
      .describe('Where the request came from; null where there was none, or once the person was erased.'),
  })
  .meta({ id: 'AuditEntry' });

export const seqParams = z.object({ seq: wholeNumber });
export const proofQuery = z.strictObject({
  tree_size: wholeNumber.optional().describe('The size of a checkpoint that you have; unset: the newest one.'),
});

const base64 = z.base64();
export const proofSchema = z
  .object({
    seq: z.int(),
    leaf_index: z.int().describe('The same number, as RFC 6962 calls it.'),
    tree_size: z.int(),
    leaf: base64.describe('The bytes that are hashed: canonical JSON (RFC 8785).'),
    leaf_hash: base64.describe('SHA-256 of a zero byte and the leaf.'),
    hashes: z.array(base64).describe('The inclusion proof (RFC 6962, 2.1.1), lowest first.'),
    checkpoint: z
      .string()
      .describe('The signed note of this size (C2SP tlog-checkpoint), with the cosignatures of witnesses.'),
  })
  .meta({ id: 'AuditProof' });

export const checkpointQuery = z
  .strictObject({
    tree_size: wholeNumber.optional().describe('The one of this size; unset: the newest one.'),
    cosigned: z.enum(['true', 'false']).optional().describe('`true`: the newest one that a witness has cosigned.'),
  })
  .refine(({ tree_size: size, cosigned }) => size === undefined || cosigned !== 'true', {
    path: ['cosigned'],
    message: 'cannot be asked for together with `tree_size`',
  });

export const noteSchema = z
  .string()
  .meta({ id: 'SignedNote', description: 'C2SP signed-note: text, an empty line, a line for each signature.' });
export const verifierKeySchema = z
  .string()
  .meta({ id: 'VerifierKey', description: 'C2SP verifier key: `name+id+key`.' });
export const tlogProofSchema = z
  .string()
  .meta({ id: 'TlogProof', description: 'C2SP tlog-proof: place, hashes and checkpoint in one text file.' });

export const consistencyQuery = z.strictObject({
  first: wholeNumber.describe('The size of a checkpoint, or 0: every log began empty.'),
  second: wholeNumber.optional().describe('The size of a later checkpoint; unset: the newest one.'),
});
export const consistencySchema = z
  .object({
    first: z.int(),
    second: z.int(),
    hashes: z.array(base64).describe('The consistency proof (RFC 6962, 2.1.2).'),
  })
  .meta({ id: 'AuditConsistency' });

export const newExportSchema = z
  .strictObject({
    from: timestampSchema.describe('Entries from this moment on.').meta({ example: '2026-11-01T00:00:00Z' }),
    to: timestampSchema
      .describe('Up to, and without, this one. Cut off at the present where it lies in the future.')
      .meta({ example: '2026-12-01T00:00:00Z' }),
  })
  .meta({ id: 'NewAuditExport' });

export const exportParams = z.object({ id: uuidSchema });
export const exportListQuery = z.strictObject(pageQuery);
export const exportSchema = z
  .object({
    id: uuidSchema,
    state: z.enum(['preparing', 'ready', 'failed']),
    url: z
      .string()
      .nullable()
      .describe('Where the bundle is fetched, with a key as everywhere; null until it is ready.'),
    from: timestampOut,
    to: timestampOut,
    entries: z
      .int()
      .nullable()
      .describe(
        'How many it holds. Entries are not sealed in the order of their times: some around the range may be in it too.',
      ),
    progress: z
      .object({ entries: z.int(), of: z.int() })
      .nullable()
      .describe('How many entries are written, while it is being prepared.'),
    tree_size: z.int().nullable().describe('How many entries the log had when it was made.'),
    bytes: z.int().nullable(),
    sha256: z.string().nullable().describe('Of the file, in hexadecimal digits.'),
    error: z.string().nullable().describe('Why it could not be made.'),
    created_at: timestampOut,
    ready_at: timestampOut.nullable(),
    expires_at: timestampOut.describe('When it is deleted.'),
  })
  .meta({ id: 'AuditExport' });
export const bundleSchema = z.string().meta({
  id: 'AuditBundle',
  description: 'JSON Lines, as docs/AUDIT.md describes them; `npx countersign audit verify` checks them.',
});

export const witnessParams = z.object({ name: aliasSchema.meta({ example: 'auditor' }) });
export const newWitnessSchema = z
  .strictObject({
    key: z
      .string()
      .min(1)
      .max(400)
      .describe('The witness’s public key, as `npx countersign audit witness-key` prints it.')
      .meta({ example: 'witness.example.com+040f0a93+BEvq3isjNDC5cYuqzs8P4FHLIqILbXmlqfxa2HOI4vc8' }),
  })
  .meta({ id: 'NewAuditWitness' });
export const witnessSchema = z
  .object({ name: z.string(), key: z.string(), registered_at: timestampOut })
  .meta({ id: 'AuditWitness' });
export const witnessListSchema = z.object({ items: z.array(witnessSchema), next_cursor: z.null() });

export const newCosignatureSchema = z
  .strictObject({
    tree_size: z.int().min(1).meta({ example: 1000 }),
    cosignature: z
      .string()
      .min(1)
      .max(1_000)
      .describe('The line as it stands below the checkpoint (C2SP tlog-cosignature).')
      .meta({
        example:
          '— witness.example.com BA8KkwAAAABrBACQyS44CSPdF9RS5JhMP74zf17RwfuByetQUyPuPqhsytV6M7AhYrzfEEyZVgRkD/NJFG9zaKVrIYwhd+pjIeUlDg==',
      }),
  })
  .meta({ id: 'NewAuditCosignature' });
export const cosignatureSchema = z
  .object({ tree_size: z.int(), witness: z.string(), cosigned_at: timestampOut, received_at: timestampOut })
  .meta({ id: 'AuditCosignature' });
