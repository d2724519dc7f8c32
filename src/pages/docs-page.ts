import type { Endpoint, OpenApiDocument, TagGroup } from './docs/openapi.ts';
import { operationSection, signature } from './docs/operation.ts';
import { prose } from './docs/prose.ts';
import { groupByTag } from './docs/read-document.ts';
import { html } from './html.ts';
import type { Html } from './html.ts';
import { layout } from './layout.ts';
import type { PageContext } from './view-models.ts';

/** A chapter that is not made from the OpenAPI document. Its `id` is the target of links, its body begins below an `h2`. */
export interface DocsSection {
  readonly id: string;
  readonly title: string;
  readonly body: Html;
}

/** What the reference shows. `baseUrl` is the origin that examples call. */
export interface DocsPageView extends PageContext {
  readonly document: OpenApiDocument;
  readonly sections: readonly DocsSection[];
  readonly baseUrl: string;
}

/** `/docs`: the API's reference, readable without JavaScript. */
export function docsPage({ document, sections, baseUrl, ...page }: DocsPageView): Html {
  const groups = groupByTag(document);
  const body = html`<div class="docs">
  ${contents(groups, sections)}
  <div class="docs-body">
    <h1>${document.info.title} <span class="version">${document.info.version}</span></h1>
    ${document.info.description && prose(document.info.description)}
    <p>The same as a file for programs: <a href="/openapi.json">OpenAPI ${document.openapi}</a>.</p>
    ${groups.map((group) => tagSection(document, group, baseUrl))}
    ${sections.map((section) => html`<section class="chapter" id="${section.id}" aria-labelledby="${section.id}-title"><h2 id="${section.id}-title">${section.title}</h2>${section.body}</section>`)}
  </div>
</div>`;
  return layout({ ...page, title: document.info.title, body, width: 'wide' });
}

function contents(groups: readonly TagGroup[], sections: readonly DocsSection[]): Html {
  const links = [...groups.map(({ id, name }) => ({ id, title: name })), ...sections].map(
    ({ id, title }) => html`<li><a href="#${id}">${title}</a></li>`,
  );
  return html`<nav class="docs-nav" aria-labelledby="contents-title"><p class="docs-nav-title" id="contents-title">Contents</p><ul role="list">${links}</ul></nav>`;
}

function tagSection(document: OpenApiDocument, { id, name, description, endpoints }: TagGroup, baseUrl: string): Html {
  return html`<section class="chapter" id="${id}" aria-labelledby="${id}-title">
      <h2 id="${id}-title">${name}</h2>
      ${description && prose(description)}
      <ul class="endpoints" role="list">${endpoints.map(endpointLink)}</ul>
      ${endpoints.map((endpoint) => operationSection(document, endpoint, baseUrl))}
    </section>`;
}

function endpointLink(endpoint: Endpoint): Html {
  return html`<li><a href="#${endpoint.id}">${endpoint.operation.summary} <code>${signature(endpoint)}</code></a></li>`;
}
