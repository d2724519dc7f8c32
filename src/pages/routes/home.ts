import type { RequestHandler } from 'express';
import { html, renderPage } from '../html.ts';
import { layout } from '../layout.ts';

/** `/`: where one is and where to go on, for people and for programs. */
export function homeRoute({ title, version }: { readonly title: string; readonly version: string }): RequestHandler {
  const page = renderPage(layout({ title: 'Welcome', body: welcome, width: 'narrow' }));
  const links = { name: title, version, openapi: '/openapi.json', docs: '/docs', inbox: '/inbox' };
  return (request, response) => {
    response.vary('Accept');
    if (request.accepts(['json', 'html']) === 'html') response.type('html').send(page);
    else response.json(links);
  };
}

const welcome = html`<div class="card">
  <h1>Countersign</h1>
  <p>Countersign decides who must say yes before something happens, waits for them as long as it takes, and can prove afterwards what was decided.</p>
  <p><a class="button" href="/inbox">What waits for me</a></p>
  <p>For programs there is an API: <a href="/docs">its reference</a>, and the same as a file, <a href="/openapi.json">OpenAPI</a>.</p>
</div>`;
