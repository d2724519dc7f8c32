import { Router } from 'express';
import type { DocsSection } from '../docs-page.ts';
import type { OpenApiDocument } from '../docs/openapi.ts';
import { serveAssets } from './assets.ts';
import { docsRoute } from './docs.ts';
import { homeRoute } from './home.ts';
import { problemRoute } from './problems.ts';

export interface PublicPagesParts {
  readonly document: OpenApiDocument;
  /** Chapters of the reference behind the endpoints. One of them is `problems`, where every problem's page leads to. */
  readonly sections: readonly DocsSection[];
  /** Origin that examples call. */
  readonly publicUrl: string;
}

/** What anybody may see: where one is, the reference, what each problem means, and what pages are drawn with. */
export function publicPages({ document, sections, publicUrl }: PublicPagesParts): Router {
  const router = Router({ caseSensitive: true, strict: true });
  router.get('/', homeRoute(document.info));
  router.get('/docs', docsRoute(document, sections, publicUrl));
  router.get('/problems/:code', problemRoute);
  router.get('/assets/:name', serveAssets());
  return router;
}
