import { z } from 'zod';
import { AuditEntry } from '../../../src/audit/entities.ts';
import { NotFound } from '../../../src/platform/errors.ts';
import { checkIfMatch, etagOf } from '../../../src/platform/http/etag.ts';
import { type Operation, type RequestContext, type Route, route } from '../../../src/platform/http/route.ts';
import { aliasSchema, lineText, pageOf, pageQuery, uuidSchema } from '../../../src/platform/http/schemas.ts';
import type { Origin, UnitOfWork } from '../../../src/platform/unit-of-work.ts';

const newNoteSchema = z
  .strictObject({
    text: lineText(100),
    about: uuidSchema.optional().describe('Whom it is about'),
    tags: z
      .array(z.strictObject({ name: aliasSchema }))
      .max(3)
      .optional(),
    kind: z
      .union([z.strictObject({ user: aliasSchema }), z.strictObject({ role: z.enum(['manager', 'vp']) })])
      .optional(),
    context: z.unknown().optional(),
  })
  .meta({ id: 'NewNote' });
const noteSchema = z
  .object({ id: uuidSchema, text: z.string(), repeated: z.boolean(), secret: z.string().nullable() })
  .meta({ id: 'Note' });

/** The id of the note that `/latest` answers with. */
export const LATEST = '01a20000-0000-7000-8000-000000000000';

/** What a test has happen inside the routes. */
export interface NoteHooks {
  /** Runs when a note is committed and before it is answered. */
  afterCommit: (operation: Operation) => Promise<void>;
  /** Runs instead of making a note. */
  instead: (() => Promise<never>) | null;
  /** Whom the answer tells about, besides those that the request names. */
  subjects: readonly string[];
}

/** Routes that use all the kit offers. A note is an entry in the audit log: nothing more is needed to count them. */
export class Notes {
  readonly hooks: NoteHooks = { afterCommit: async () => undefined, instead: null, subjects: [] };
  readonly #work: UnitOfWork;
  #version = 1;

  constructor(work: UnitOfWork) {
    this.#work = work;
  }

  routes(): Route[] {
    const params = z.object({ id: uuidSchema });
    return [
      route({
        method: 'get',
        path: '/api/v1/notes/{id}',
        tag: 'Notes',
        scope: 'approvals:read',
        summary: 'Read a note',
        etag: 'read',
        params,
        answers: { 200: noteSchema },
        problems: ['not-found'],
        handle: ({ params: { id } }) => this.#read(id),
      }),
      route({
        method: 'post',
        path: '/api/v1/notes',
        tag: 'Notes',
        scope: 'approvals:write',
        summary: 'Make a note',
        body: newNoteSchema,
        answers: { 201: noteSchema },
        problems: ['already-exists'],
        handle: (context) => this.#make(context),
      }),
      route({
        method: 'put',
        path: '/api/v1/notes/{id}',
        tag: 'Notes',
        scope: 'admin',
        summary: 'Change a note',
        etag: 'write',
        params,
        body: newNoteSchema,
        bodyOptional: true,
        answers: { 200: noteSchema },
        handle: ({ ifMatch, params: { id } }) => this.#change(id, ifMatch),
      }),
      route({
        method: 'get',
        path: '/api/v1/notes',
        tag: 'Notes',
        scope: null,
        summary: 'List notes',
        query: z.strictObject(pageQuery),
        answers: { 200: pageOf(noteSchema) },
        handle: async ({ query }) => ({ status: 200, body: { items: [], next_cursor: `${query.limit}` } }),
      }),
      route({
        method: 'get',
        path: '/api/v1/notes/latest',
        tag: 'Notes',
        scope: null,
        summary: 'Read the latest note',
        answers: { 200: noteSchema },
        handle: async () => ({ status: 200, body: { id: LATEST, text: '', repeated: false, secret: null } }),
      }),
    ];
  }

  async #make({ origin, body, operation, caller }: RequestContext<unknown, unknown, z.output<typeof newNoteSchema>>) {
    if (this.hooks.instead) return this.hooks.instead();
    const repeated = operation.repeated && (await this.#exists(caller.organization, operation.id));
    if (!repeated) await this.#commit(origin, operation.id);
    await this.hooks.afterCommit(operation);
    const note = { id: operation.id, text: body.text, repeated, secret: repeated ? null : 'shown-once' };
    return {
      status: 201,
      body: note,
      secrets: ['secret'],
      subjects: [...this.hooks.subjects, ...(body.about ? [body.about] : [])],
      headers: { Location: `/api/v1/notes/${operation.id}` },
    };
  }

  async #read(id: string) {
    return {
      status: 200,
      body: { id, text: 'read', repeated: false, secret: null },
      headers: { ETag: etagOf(this.#version) },
    };
  }

  async #change(id: string, ifMatch: string | null) {
    if (id.startsWith('00000000')) throw new NotFound('note');
    checkIfMatch(ifMatch, this.#version);
    this.#version += 1;
    return this.#read(id);
  }

  #commit(origin: Origin, id: string): Promise<void> {
    return this.#work.write(origin, async (tx) => tx.record({ action: 'team.made', resource: { type: 'team', id } }));
  }

  #exists(organization: string, id: string): Promise<boolean> {
    return this.#work.read(organization, async (em) => (await em.count(AuditEntry, { resourceId: id })) > 0);
  }
}
