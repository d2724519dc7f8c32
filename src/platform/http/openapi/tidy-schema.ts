import type { CreateDocumentOptions } from 'zod-openapi';

type Override = NonNullable<CreateDocumentOptions['override']>;

/** Formats that say by their name what zod's pattern for them says in two hundred characters. */
const SELF_EXPLAINING: ReadonlySet<string> = new Set(['date-time', 'date', 'uuid']);

/** Makes what zod writes easier to read and truer to what is promised. */
export const tidySchema: Override = ({ jsonSchema, zodSchema, io }) => {
  if (jsonSchema.format !== undefined && SELF_EXPLAINING.has(jsonSchema.format)) delete jsonSchema.pattern;
  if (io === 'output' && jsonSchema.minimum === Number.MIN_SAFE_INTEGER) delete jsonSchema.minimum;
  if (io === 'output' && jsonSchema.maximum === Number.MAX_SAFE_INTEGER) delete jsonSchema.maximum;
  // OpenAPI 3.1 takes JSON Schema's `examples`; its own `example` is deprecated.
  if (jsonSchema.example !== undefined) {
    jsonSchema.examples = [jsonSchema.example];
    delete jsonSchema.example;
  }
  // Answers may gain members: a client that refuses those it does not know would break with the next version.
  if (io === 'output' && zodSchema._zod.def.type === 'object' && !zodSchema._zod.def.catchall)
    delete jsonSchema.additionalProperties;
};
