import type { z } from 'zod';
import { type Route, route } from '../../platform/http/route.ts';
import { pageOf } from '../../platform/http/schemas.ts';
import { type AuditExport, TIMED_OUT } from '../exports/entities.ts';
import type { ExportService, ExportView } from '../exports/export-service.ts';
import { bundleSchema, exportListQuery, exportParams, exportSchema, newExportSchema } from '../schemas.ts';
import { PATH, READ_SCOPE, TAG } from './common.ts';

const EXPORTS = `${PATH}/exports`;
/** Not by what is in it: clients that know JSON would take the whole for one document. */
const FILE = 'application/octet-stream';

/**
 * Bundles for auditors.
 * @param publicUrl origin under which they are fetched
 */
export function exportRoutes(exports: ExportService, publicUrl: string): Route[] {
  const present = (view: ExportView) => presentExport(view, publicUrl);
  return [
    route({
      method: 'post',
      path: EXPORTS,
      tag: TAG,
      scope: READ_SCOPE,
      summary: 'Ask for a bundle of entries that proves itself',
      description:
        'One file with every entry of a time, what proves them, and the key: it verifies without network or database. It takes the permission for the whole organization. Asking for it and downloading it are entries of the log themselves. A time without entries gives a bundle without any.',
      body: newExportSchema,
      answers: { 202: exportSchema },
      async handle({ caller, origin, body, operation }) {
        return {
          status: 202,
          body: present(
            await exports.request(caller, origin, { from: new Date(body.from), to: new Date(body.to) }, operation),
          ),
        };
      },
    }),
    route({
      method: 'get',
      path: EXPORTS,
      tag: TAG,
      scope: READ_SCOPE,
      summary: 'List bundles, newest first',
      query: exportListQuery,
      answers: { 200: pageOf(exportSchema) },
      async handle({ caller, query }) {
        const page = await exports.list(caller, query);
        return { status: 200, body: { ...page, items: page.items.map(present) } };
      },
    }),
    route({
      method: 'get',
      path: `${EXPORTS}/{id}`,
      tag: TAG,
      scope: READ_SCOPE,
      summary: 'See whether a bundle is ready',
      description: 'It waits until every entry of its time is sealed, and is deleted after seven days.',
      params: exportParams,
      answers: { 200: exportSchema },
      problems: ['not-found'],
      async handle({ caller, params }) {
        return { status: 200, body: present(await exports.read(caller, params.id)) };
      },
    }),
    route({
      method: 'get',
      path: `${EXPORTS}/{id}/bundle`,
      tag: TAG,
      scope: READ_SCOPE,
      summary: 'Download a bundle',
      mediaType: FILE,
      description: '`npx countersign audit verify <bundle> --key <public key>` checks it.',
      params: exportParams,
      answers: { 200: bundleSchema },
      problems: ['not-found'],
      async handle({ caller, origin, params }) {
        const { row, data } = await exports.download(caller, origin, params.id);
        const headers = {
          'Content-Length': String(row.bytes),
          'Content-Disposition': `attachment; filename="${fileName(row)}"`,
        };
        return { status: 200, headers, content: { type: FILE, data } };
      },
    }),
  ];
}

function fileName({ id, from, to }: AuditExport): string {
  const day = (date: Date) => date.toISOString().slice(0, 10);
  return `countersign-audit-${day(from)}-${day(to)}-${id.slice(-8)}.jsonl`;
}

function presentExport({ row, isOutdated }: ExportView, publicUrl: string): z.input<typeof exportSchema> {
  const { id, entries } = row;
  const state = isOutdated ? 'failed' : row.state;
  const isPreparing = state === 'preparing';
  return {
    id,
    state,
    url: state === 'ready' ? `${publicUrl}${EXPORTS}/${id}/bundle` : null,
    from: row.from.toISOString(),
    to: row.to.toISOString(),
    entries: isPreparing ? null : (entries ?? null),
    progress: isPreparing && entries != null ? { entries: row.done, of: entries } : null,
    tree_size: row.treeSize ?? null,
    bytes: row.bytes ?? null,
    sha256: row.digest ? Buffer.from(row.digest).toString('hex') : null,
    error: isOutdated
      ? 'Somebody was erased after this bundle was begun, and it may tell about them. Ask for a new one.'
      : errorOf(row),
    created_at: row.createdAt.toISOString(),
    ready_at: row.readyAt?.toISOString() ?? null,
    expires_at: row.expiresAt.toISOString(),
  };
}

function errorOf({ error }: AuditExport): string | null {
  if (error == null) return null;
  return error === TIMED_OUT
    ? `The database took too long, again and again (${error}). Ask for a shorter time, or try again when there is less to do.`
    : `Part of the log is missing or was changed (${error}). Have the operator run \`npx countersign audit check\`.`;
}
