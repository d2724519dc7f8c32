import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname } from 'node:path';
import type { RequestHandler } from 'express';
import { ProblemError } from '../../platform/errors.ts';
import { isUnchanged } from '../../platform/http/etag.ts';

const FOLDER = new URL('../assets/', import.meta.url);
const TYPES: Readonly<Record<string, string>> = { '.css': 'text/css; charset=utf-8', '.svg': 'image/svg+xml' };
/** The names carry no hash: within this time after a deployment a browser may still show the old look. */
const CACHE_CONTROL = 'public, max-age=300, stale-while-revalidate=86400';

interface Asset {
  readonly content: Buffer;
  readonly type: string;
  readonly etag: string;
}

/** `/assets/<name>`: what pages are drawn with. All of it is read at the start, so no request ever names a file. */
export function serveAssets(): RequestHandler<{ name: string }> {
  const assets = new Map(readdirSync(FOLDER).map((name) => [name, readAsset(name)]));
  return (request, response) => {
    const asset = assets.get(request.params.name);
    if (!asset) throw new ProblemError('not-found', 'There is no such file.');
    response.set({ ETag: asset.etag, 'Cache-Control': CACHE_CONTROL });
    if (isUnchanged(request, asset.etag)) response.status(304).end();
    else response.type(asset.type).send(asset.content);
  };
}

/** @throws RangeError for a kind of file that we do not serve */
function readAsset(name: string): Asset {
  const content = readFileSync(new URL(name, FOLDER));
  const type = TYPES[extname(name)];
  if (type === undefined) throw new RangeError(`${name} is no asset: add its media type, or move it`);
  return { content, type, etag: `"${createHash('sha256').update(content).digest('base64url')}"` };
}
