import type { RequestHandler } from 'express';
import { PROBLEM_CODES } from '../../platform/errors.ts';
import { PROBLEM_TYPES } from '../../platform/http/problems.ts';
import { dataTable } from '../components.ts';
import { type DocsSection, docsPage } from '../docs-page.ts';
import type { OpenApiDocument } from '../docs/openapi.ts';
import { inline } from '../docs/prose.ts';
import { html, renderPage } from '../html.ts';

/** `/docs`: the reference. It is the same until the next start, so it is made once. */
export function docsRoute(document: OpenApiDocument, sections: readonly DocsSection[], publicUrl: string): RequestHandler {
  const page = renderPage(docsPage({ document, sections: [...sections, problemsSection], baseUrl: publicUrl }));
  return (_request, response) => void response.type('html').send(page);
}

const problemsSection: DocsSection = {
  id: 'problems',
  title: 'Problems',
  body: html`<p>Whatever is refused is answered with <code>application/problem+json</code> (RFC 9457). Its <code>type</code> is one of these.</p>
  ${dataTable('Problem types', ['Type', 'Status', 'Meaning'], PROBLEM_CODES.map((code) => {
    const { status, meaning } = PROBLEM_TYPES[code];
    return [html`<a href="${`/problems/${code}`}"><code>${code}</code></a>`, status, inline(meaning)] as const;
  }))}`,
};
