import type { RequestHandler } from 'express';
import { type DocsSection, docsPage } from '../docs-page.ts';
import type { OpenApiDocument } from '../docs/openapi.ts';
import { renderPage } from '../html.ts';

/** `/docs`: the reference. It is the same until the next start, so it is made once. */
export function docsRoute(
  document: OpenApiDocument,
  sections: readonly DocsSection[],
  publicUrl: string,
): RequestHandler {
  const page = renderPage(docsPage({ document, sections, baseUrl: publicUrl }));
  return (_request, response) => void response.type('html').send(page);
}
