import type { ZodOpenApiComponentsObject } from 'zod-openapi';

/** Headers that requests may carry, by the name of their component. */
export const REQUEST_HEADERS = {
  IdempotencyKey: {
    name: 'Idempotency-Key',
    in: 'header',
    description:
      '1 to 255 visible ASCII characters, chosen anew for each thing you want done: the same key with the same body gives the first answer again, for seven days and also after a crash. A secret is shown in the first answer only.',
    schema: { type: 'string', minLength: 1, maxLength: 255, examples: ['order-4711'] },
  },
  IfMatch: {
    name: 'If-Match',
    in: 'header',
    description:
      'The `ETag` of the version that you want to change; where the stored one is another by now, nothing is changed.',
    schema: { type: 'string' },
  },
  IfNoneMatch: {
    name: 'If-None-Match',
    in: 'header',
    description:
      'The `ETag` of the version that you have; where it is still the same, the answer is a 304 without a body.',
    schema: { type: 'string' },
  },
} satisfies ZodOpenApiComponentsObject['parameters'];
