/**
 * Looks at the page that it runs in, in the browser: handed to `page.evaluate`, it can use nothing from outside itself.
 * `source` is the page's markup as it was sent. What is returned is described by the schema in inspect-page.ts.
 */
export function inspectInBrowser(source) {
  const FOCUSABLE =
    'a[href], button:not([disabled]), input:not([type="hidden"]):not([disabled]), textarea, select, summary, [tabindex="0"]';

  const isVisible = (element) =>
    element.checkVisibility({ visibilityProperty: true }) && element.getClientRects().length > 0;

  const describe = (element) =>
    `${element.tagName.toLowerCase()} ${(element.getAttribute('name') ?? element.textContent ?? '').trim().slice(0, 40)}`;

  // --- markup ---------------------------------------------------------------------------------------------------

  const textOf = (node) => node.textContent.replace(/\s+/g, ' ').trim();

  const differenceBetween = (left, right) => {
    if (left.localName !== right.localName) return `${left.localName} is ${right.localName}`;
    const attributes = (element) =>
      [...element.attributes]
        .filter(({ name }) => !name.startsWith('xmlns'))
        .map(({ name, value }) => `${name.toLowerCase()}=${value.replace(/\s+/g, ' ')}`)
        .toSorted()
        .join('|');
    if (attributes(left) !== attributes(right)) return `${left.localName}: ${attributes(left)} is ${attributes(right)}`;
    if (left.children.length !== right.children.length)
      return `${left.localName} has ${left.children.length} children and ${right.children.length}`;
    if (left.children.length === 0 && textOf(left) !== textOf(right))
      return `${left.localName}: ${textOf(left)} is ${textOf(right)}`;
    for (const [index, child] of [...left.children].entries()) {
      const difference = differenceBetween(child, right.children[index]);
      if (difference) return difference;
    }
    return null;
  };

  // An XML parser forgives nothing, an HTML parser everything: where both see the same tree, nothing was repaired.
  const malformed = () => {
    const strict = new DOMParser().parseFromString(source, 'application/xml');
    const error = strict.querySelector('parsererror');
    if (error) return error.textContent;
    return differenceBetween(
      strict.documentElement,
      new DOMParser().parseFromString(source, 'text/html').documentElement,
    );
  };

  const ids = [...document.querySelectorAll('[id]')].map(({ id }) => id);

  const danglingReferences = [
    ...document.querySelectorAll('[for], [aria-describedby], [aria-labelledby], a[href^="#"]'),
  ].flatMap((element) => {
    const named = ['for', 'aria-describedby', 'aria-labelledby'].flatMap((name) =>
      (element.getAttribute(name) ?? '').split(' ').filter(Boolean),
    );
    const linked = element.getAttribute('href')?.startsWith('#') ? [element.getAttribute('href').slice(1)] : [];
    return [...named, ...linked].filter((id) => !document.getElementById(id));
  });

  // --- colours --------------------------------------------------------------------------------------------------

  const colourOf = (text) => {
    const [red, green, blue, alpha = 1] = text.match(/[\d.]+/g).map(Number);
    return { red, green, blue, alpha };
  };

  const luminance = ({ red, green, blue }) => {
    const [r, g, b] = [red, green, blue]
      .map((channel) => channel / 255)
      .map((value) => (value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };

  const backgroundOf = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = colourOf(getComputedStyle(at).backgroundColor);
      if (colour.alpha === 1) return colour;
    }
    return { red: 255, green: 255, blue: 255, alpha: 1 };
  };

  const contrast = (element) => {
    const [lighter, darker] = [colourOf(getComputedStyle(element).color), backgroundOf(element)]
      .map(luminance)
      .toSorted((a, b) => b - a);
    return (lighter + 0.05) / (darker + 0.05);
  };

  const isLarge = (element) => {
    const { fontSize, fontWeight } = getComputedStyle(element);
    return parseFloat(fontSize) >= 24 || (parseFloat(fontSize) >= 18.66 && Number(fontWeight) >= 700);
  };

  const hasOwnText = (element) =>
    [...element.childNodes].some((node) => node.nodeType === Node.TEXT_NODE && node.textContent.trim() !== '');

  const lowContrast = [...document.body.querySelectorAll('*')]
    .filter((element) => hasOwnText(element) && isVisible(element))
    .map((element) => ({ element: describe(element), ratio: contrast(element), needed: isLarge(element) ? 3 : 4.5 }))
    .filter(({ ratio, needed }) => ratio < needed);

  // --- size and place -------------------------------------------------------------------------------------------

  const focusable = [...document.querySelectorAll(FOCUSABLE)].filter(isVisible);

  // A link inside a sentence may be as high as its line (WCAG 2.2, 2.5.8, exception "inline").
  const isInline = (element) => element.localName === 'a' && getComputedStyle(element).display === 'inline';

  const smallTargets = focusable
    .filter((element) => !isInline(element))
    .map((element) => ({
      element: describe(element),
      width: element.getBoundingClientRect().width,
      height: element.getBoundingClientRect().height,
    }))
    .filter(({ width, height }) => width < 43.9 || height < 43.9);

  const clipped = [...document.body.querySelectorAll('*')].filter(
    (element) =>
      isVisible(element) &&
      element.getBoundingClientRect().right > document.documentElement.clientWidth + 1 &&
      !element.closest('pre, .data-table, .skip-link, .fields thead'),
  );

  // --- outline --------------------------------------------------------------------------------------------------

  const headings = [...document.querySelectorAll('h1, h2, h3, h4, h5, h6')]
    .filter(isVisible)
    .map((heading) => ({ level: Number(heading.tagName[1]), text: heading.textContent.trim() }));

  return {
    malformed: malformed(),
    duplicateIds: ids.filter((id, index) => ids.indexOf(id) !== index),
    danglingReferences,
    inlineCode: [...document.querySelectorAll('script, style, [style]')].map(describe),
    headings,
    landmarks: Object.fromEntries(
      ['header', 'main', 'footer'].map((name) => [name, document.querySelectorAll(`body > ${name}`).length]),
    ),
    unlabelled: [...document.querySelectorAll('input:not([type="hidden"]), textarea, select')]
      .filter(({ labels }) => labels.length === 0)
      .map(describe),
    horizontalOverflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
    clipped: clipped.map(describe),
    smallTargets,
    lowContrast,
    focusable: focusable.length,
    focusedIndex: focusable.indexOf(document.activeElement),
  };
}
