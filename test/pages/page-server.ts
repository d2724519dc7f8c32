import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server, ServerResponse } from 'node:http';
import { renderPage } from '../../src/pages/html.ts';
import type { Html } from '../../src/pages/html.ts';

const POLICY =
  "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
// The one page that frames something else, as the mailbox's route sends it.
const FRAMING_POLICY = `${POLICY}; frame-src 'self'`;
const ASSETS = new URL('../../src/pages/assets/', import.meta.url);
const ASSET_TYPES: Readonly<Record<string, string>> = {
  'countersign.css': 'text/css; charset=utf-8',
  'logo.svg': 'image/svg+xml',
};

/** A server of finished pages under the product's content security policy, so that a browser treats them as it will in production. */
export interface PageServer {
  /** Where the page of that name is. */
  url(name: string): string;
  /** The forms that were sent in since the last call: path and fields. */
  submissions(): readonly string[];
  close(): Promise<void>;
}

/** Serves every page at `/<its name>`, the assets, and remembers what is POSTed. */
export async function servePages(pages: Readonly<Record<string, Html>>): Promise<PageServer> {
  let posted: string[] = [];
  const server = createServer((request, response) => {
    const path = (request.url ?? '/').slice(1);
    if (request.method === 'POST') {
      const chunks: Buffer[] = [];
      request
        .on('data', (chunk: Buffer) => chunks.push(chunk))
        .on('end', () => {
          posted.push(`${path} ${Buffer.concat(chunks).toString()}`);
          response.writeHead(204).end();
        });
      return;
    }
    void answer(pages, path, response);
  });
  const origin = await listen(server);
  return {
    url: (name) => `${origin}/${name}`,
    submissions: () => {
      const all = posted;
      posted = [];
      return all;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(pages: Readonly<Record<string, Html>>, path: string, response: ServerResponse): Promise<void> {
  const page = pages[path];
  const asset = /^assets\/(.+)$/.exec(path)?.[1] ?? '';
  if (page) {
    response
      .writeHead(200, {
        'Content-Type': 'text/html; charset=utf-8',
        'Content-Security-Policy': /^mail(?:-|$)/.test(path) ? FRAMING_POLICY : POLICY,
      })
      .end(renderPage(page));
  } else if (ASSET_TYPES[asset] !== undefined) {
    response.writeHead(200, { 'Content-Type': ASSET_TYPES[asset] }).end(await readFile(new URL(asset, ASSETS)));
  } else if (path.endsWith('/html')) {
    response
      .writeHead(200, {
        'Content-Type': 'text/html; charset=utf-8',
        'Content-Security-Policy': "default-src 'none'; sandbox",
      })
      .end('<p>The HTML part of a mail.</p>');
  } else {
    response.writeHead(404).end();
  }
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return `http://127.0.0.1:${address.port}`;
}
