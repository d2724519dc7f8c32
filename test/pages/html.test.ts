import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { attributes, escapeHtml, html, renderPage } from '../../src/pages/html.ts';
import { TemplateError } from '../../src/pages/template-holes.ts';

const anyText = fc.string({ unit: 'binary', maxLength: 200 });
const nastyText = fc.oneof(
  anyText,
  fc.string({
    unit: fc.constantFrom(
      '<',
      '>',
      '&',
      '"',
      "'",
      '/',
      '=',
      '-',
      '!',
      ';',
      '#',
      'x',
      ' ',
      '\n',
      '\r',
      '\u0000',
      '\uD800',
      '`',
    ),
  }),
);

const unescape = (text: string): string =>
  text.replace(
    /&(amp|lt|gt|quot|#39);/g,
    (_entity, name: string) => ({ amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'" })[name] ?? '',
  );

describe('escaping', () => {
  test('lets no text open a tag, end an attribute or start an entity', () => {
    fc.assert(
      fc.property(nastyText, (text) => {
        const escaped = escapeHtml(text);
        expect(escaped).not.toMatch(/[<>"']/);
        expect(escaped).not.toMatch(/&(?!(?:amp|lt|gt|quot|#39);)/);
      }),
      { numRuns: 2000 },
    );
  });

  test('loses nothing of a text that HTML can carry', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 200 }), (text) => {
        expect(unescape(escapeHtml(text))).toBe(text);
      }),
    );
  });

  test('shows what neither HTML nor XML can carry as U+FFFD, and line ends as LF', () => {
    expect(escapeHtml('a\u0000b\u001Bc\uD800d\uFFFEe\u{1FFFF}f\u0085g')).toBe(
      'a\uFFFDb\uFFFDc\uFFFDd\uFFFDe\uFFFDf\uFFFDg',
    );
    expect(escapeHtml('a\r\nb\rc\nd\te')).toBe('a\nb\nc\nd\te');
  });

  test('gives one element with one attribute, whatever stands in both', () => {
    fc.assert(
      fc.property(nastyText, nastyText, (title, text) => {
        expect(renderPage(html`<p title="${title}">${text}</p>`)).toMatch(/^<p title="[^"<>]*">[^<>]*<\/p>$/);
      }),
    );
  });
});

describe('a template', () => {
  test('puts nested templates and lists in as they are, and nothing for null, undefined and false', () => {
    const items = ['a', 'b & c'].map((item) => html`<li>${item}</li>`);
    expect(renderPage(html`<ul>${items}${null}${undefined}${false}${[[1], 0]}</ul>`)).toBe(
      '<ul><li>a</li><li>b &amp; c</li>10</ul>',
    );
  });

  test('writes optional attributes: empty where true, left out where absent', () => {
    const given = attributes({ required: true, 'aria-invalid': null, hidden: false, value: '"<', rows: 4 });
    expect(renderPage(html`<input${given}/>`)).toBe('<input required="" value="&quot;&lt;" rows="4"/>');
  });

  test.each([
    ['an unquoted attribute', () => html`<p title=${'x'}></p>`],
    ['a single-quoted attribute', () => html`<p title='${'x'}'></p>`],
    ['a name of a tag', () => html`<${'p'}></p>`],
    ['a text where attributes stand', () => html`<p ${'onclick=alert(1)'}></p>`],
    ['attributes where a text stands', () => html`<p>${attributes({ title: 'x' })}</p>`],
    ['markup in an attribute', () => html`<p title="${html`<b>x</b>`}"></p>`],
    ['a list in an attribute', () => html`<p title="${['x']}"></p>`],
    ['a script', () => html`<script>${'x'}</script>`],
    ['a style sheet', () => html`<style>p {}</style>`],
    ['an inline style', () => html`<p style="color: red"></p>`],
    ['an event handler', () => html`<p onclick="x()"></p>`],
    ['an event handler among attributes', () => html`<p${attributes({ onclick: 'x()' })}></p>`],
    [
      'a link among attributes, where its address would not be looked at',
      () => html`<a${attributes({ href: 'javascript:alert(1)' })}>x</a>`,
    ],
    ['a comment', () => html`<!-- ${'x'} -->`],
    ['a tag left open', () => html`<p title="x"`],
  ])('refuses %s', (_what, render) => {
    expect(render).toThrow(TemplateError);
  });

  test.each([
    'javascript:alert(1)',
    'JAVASCRIPT:alert(1)',
    ' javascript:alert(1)',
    'data:text/html,x',
    '//elsewhere.example',
    '/\\elsewhere.example',
    'vbscript:x',
  ])('refuses to link to %j', (url) => {
    expect(() => html`<a href="${url}">x</a>`).toThrow(TemplateError);
    expect(() => html`<form action="${url}"></form>`).toThrow(TemplateError);
  });

  test.each(['/inbox', '#decision', '?cursor=a', 'https://example.com/a?b=c', 'HTTP://example.com'])(
    'links to %j',
    (url) => {
      expect(renderPage(html`<a href="${url}">x</a>`)).toBe(`<a href="${url}">x</a>`);
    },
  );
});
