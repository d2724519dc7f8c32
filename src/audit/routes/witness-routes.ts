import type { z } from 'zod';
import { type Route, route } from '../../platform/http/route.ts';
import {
  cosignatureSchema,
  newCosignatureSchema,
  newWitnessSchema,
  witnessListSchema,
  witnessParams,
  witnessSchema,
} from '../schemas.ts';
import type { Cosigned, Cosigning } from '../witnesses/cosigning.ts';
import type { AuditWitness } from '../witnesses/entities.ts';
import type { WitnessService } from '../witnesses/witness-service.ts';
import { PATH, READ_SCOPE, TAG } from './common.ts';

const WITNESSES = `${PATH}/witnesses`;

/** Keys held elsewhere, and what they have signed. */
export function witnessRoutes(witnesses: WitnessService, cosigning: Cosigning): Route[] {
  return [
    route({
      method: 'put',
      path: `${WITNESSES}/{name}`,
      tag: TAG,
      scope: 'admin',
      summary: 'Register a witness, or replace its key',
      description:
        'A witness is a second key, in other hands, that cosigns only checkpoints that are consistent with all it saw before (`npx countersign audit witness`).',
      params: witnessParams,
      body: newWitnessSchema,
      answers: { 200: witnessSchema, 201: witnessSchema },
      async handle({ caller, origin, params, body }) {
        const { row, isNew } = await witnesses.register(caller, origin, params.name, body.key);
        return { status: isNew ? 201 : 200, body: presentWitness(row) };
      },
    }),
    route({
      method: 'get',
      path: WITNESSES,
      tag: TAG,
      scope: READ_SCOPE,
      summary: 'List witnesses',
      answers: { 200: witnessListSchema },
      async handle({ caller }) {
        return { status: 200, body: { items: (await witnesses.list(caller)).map(presentWitness), next_cursor: null } };
      },
    }),
    route({
      method: 'delete',
      path: `${WITNESSES}/{name}`,
      tag: TAG,
      scope: 'admin',
      summary: 'Take a witness out',
      description: 'Nothing of it is taken any more. What it has cosigned stays.',
      params: witnessParams,
      answers: { 204: null },
      problems: ['not-found'],
      async handle({ caller, origin, params }) {
        await witnesses.remove(caller, origin, params.name);
        return { status: 204 };
      },
    }),
    route({
      method: 'post',
      path: `${PATH}/cosignatures`,
      tag: TAG,
      scope: READ_SCOPE,
      summary: 'Hand in a witness’s cosignature',
      description:
        'Taken from registered witnesses and for checkpoints of this log only. Of each witness, the first one for a size stays.',
      body: newCosignatureSchema,
      answers: { 200: cosignatureSchema, 201: cosignatureSchema },
      problems: ['not-found'],
      async handle({ caller, origin, body }) {
        const cosigned = await cosigning.accept(caller, origin, body.tree_size, body.cosignature);
        return { status: cosigned.isNew ? 201 : 200, body: presentCosigned(cosigned) };
      },
    }),
  ];
}

function presentWitness({ name, verifierKey, registeredAt }: AuditWitness): z.input<typeof witnessSchema> {
  return { name, key: verifierKey, registered_at: registeredAt.toISOString() };
}

function presentCosigned({ witness, row }: Cosigned): z.input<typeof cosignatureSchema> {
  return {
    tree_size: row.size,
    witness,
    cosigned_at: row.cosignedAt.toISOString(),
    received_at: row.receivedAt.toISOString(),
  };
}
