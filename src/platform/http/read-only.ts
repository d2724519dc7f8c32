import { z } from 'zod';

const IGNORED = z
  .unknown()
  .optional()
  .meta({ readOnly: true, description: 'Ignored: what was read may be sent back as it is' });

/** A field of an answer that nobody sets; the reference says so. */
export function readOnly<Schema extends z.ZodType>(schema: Schema): Schema {
  return schema.meta({ readOnly: true });
}

/**
 * The schema of a change that also takes back what an answer gave: read-only fields of the answer may come with it, whatever they
 * hold, and are dropped, so that what was read can be changed and sent as a whole. Anything else stays refused.
 * @param change its fields count, and not what is refined of the whole
 * @param named what the reference calls the schema
 */
export function takingBack<Shape extends z.core.$ZodShape>(
  change: z.ZodObject<Shape, z.core.$strict>,
  answer: z.ZodObject,
  named: z.core.GlobalMeta = {},
) {
  const names = Object.entries(answer.shape).flatMap(([name, field]) =>
    !(name in change.shape) && z.globalRegistry.get(field)?.['readOnly'] === true ? [name] : [],
  );
  const shape: Shape = { ...Object.fromEntries(names.map((name) => [name, IGNORED])), ...change.shape };
  return z
    .strictObject(shape)
    .meta(named)
    .transform((value) => without(value, new Set(names)));
}

function without<Value extends object>(value: Value, names: ReadonlySet<string>): Value {
  return Object.fromEntries(Object.entries(value).filter(([name]) => !names.has(name))) as Value;
}
