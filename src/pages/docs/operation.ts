import { codeBlock } from '../components.ts';
import { attributes, html } from '../html.ts';
import type { Content, Html } from '../html.ts';
import { fieldRows, typeName } from './describe-schema.ts';
import type { FieldRow } from './describe-schema.ts';
import { curlExample } from './example.ts';
import type { Endpoint, OpenApiDocument, Response, Schema } from './openapi.ts';
import { inline, prose } from './prose.ts';
import { preferredContent, resolve } from './read-document.ts';

/** The reference of one endpoint. `baseUrl` is the origin in its example. */
export function operationSection(document: OpenApiDocument, endpoint: Endpoint, baseUrl: string): Html {
  const { id, operation } = endpoint;
  return html`<section class="operation" id="${id}" aria-labelledby="${id}-title">
    <h3 id="${id}-title">${operation.summary ?? signature(endpoint)}</h3>
    <p class="endpoint"><code class="method method-${endpoint.method}">${endpoint.method.toUpperCase()}</code> <code>${endpoint.path}</code>${operation.deprecated && html` <strong>deprecated</strong>`}</p>
    ${operation.description && prose(operation.description)}
    ${scopes(endpoint)}
    ${parameters(document, endpoint)}
    ${requestBody(document, endpoint)}
    ${responses(document, endpoint)}
    <h4>Example</h4>
    ${codeBlock(`Example: ${operation.summary ?? signature(endpoint)}`, curlExample(document, endpoint, baseUrl))}
  </section>`;
}

/** Method and path in one. */
export function signature({ method, path }: Endpoint): string {
  return `${method.toUpperCase()} ${path}`;
}

function scopes({ operation }: Endpoint): Html | null {
  const names = new Set((operation.security ?? []).flatMap((requirement) => Object.values(requirement).flat()));
  if (operation.security?.length === 0) return html`<p>No key is needed.</p>`;
  return names.size === 0
    ? null
    : html`<p>Scope: ${[...names].map((name, index) => html`${index > 0 && ' or '}<code>${name}</code>`)}</p>`;
}

function parameters(document: OpenApiDocument, { parameters: all }: Endpoint): Html | null {
  const rows = all.map(({ name, in: place, required = false, schema = true, description }): FieldRow => {
    const [row] = fieldRows(document, { properties: { [name]: schema } });
    return {
      name,
      type: row?.type ?? 'string',
      required,
      constraints: [`in ${place}`, ...(row?.constraints ?? [])],
      description: description ?? row?.description ?? null,
    };
  });
  return rows.length === 0 ? null : html`<h4>Parameters</h4>${fieldTable('Parameter', rows)}`;
}

function requestBody(document: OpenApiDocument, { operation }: Endpoint): Html | null {
  const body = operation.requestBody && resolve(document, 'requestBodies', operation.requestBody);
  const content = preferredContent(body?.content);
  if (!body || !content) return null;
  const [type, { schema }] = content;
  return html`<h4>Request body</h4><p><code>${type}</code>${schemaName(schema)}</p>${body.description && prose(body.description)}${fields(document, schema)}`;
}

function schemaName(schema: Schema | undefined): Content {
  return schema !== undefined && html` · ${typeName(schema)}`;
}

function fields(document: OpenApiDocument, schema: Schema | undefined): Html | null {
  const rows = schema === undefined ? [] : fieldRows(document, schema);
  return rows.length === 0 ? null : fieldTable('Field', rows);
}

function responses(document: OpenApiDocument, { operation }: Endpoint): Html | null {
  const all = Object.entries(operation.responses ?? {}).flatMap(([status, response]) => {
    const resolved = resolve(document, 'responses', response);
    return resolved ? [responseItem(document, status, resolved)] : [];
  });
  return all.length === 0 ? null : html`<h4>Responses</h4><div class="responses">${all}</div>`;
}

const PROBLEM_TYPE = 'application/problem+json';

function responseItem(document: OpenApiDocument, status: string, response: Response): Html {
  const [type, media] = preferredContent(response.content) ?? [];
  const schema = media?.schema;
  // Problems all look alike, and have a chapter of their own.
  const table = type === PROBLEM_TYPE ? null : fields(document, schema);
  const head = html`<code class="status">${status}</code> <span>${inline(response.description ?? '')}</span>${schemaName(schema)}`;
  return table
    ? html`<details class="response"><summary>${head}</summary>${table}</details>`
    : html`<p class="response">${head}</p>`;
}

/** Fields as a table whose rows fold into blocks on a phone. */
function fieldTable(heading: string, rows: readonly FieldRow[]): Html {
  const body = rows.map(
    (row) => html`<tr role="row"${attributes({ class: row.name.includes('.') ? 'nested' : null })}>
      <th scope="row" role="rowheader"><code>${row.name}</code></th>
      <td role="cell"><span class="field-type">${row.type}</span> ${row.required ? html`<strong class="field-required">required</strong>` : html`<span class="muted">optional</span>`}</td>
      <td role="cell">${row.description && html`<p>${inline(row.description)}</p>`}${row.constraints.length > 0 && html`<p class="constraints">${inline(row.constraints.join(' · '))}</p>`}</td>
    </tr>`,
  );
  return html`<table class="fields" role="table"><thead role="rowgroup"><tr role="row"><th scope="col" role="columnheader">${heading}</th><th scope="col" role="columnheader">Type</th><th scope="col" role="columnheader">Meaning</th></tr></thead><tbody role="rowgroup">${body}</tbody></table>`;
}
