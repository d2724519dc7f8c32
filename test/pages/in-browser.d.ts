/** See in-browser.js, which is no TypeScript: it runs in the browser, whose types the rest of the project does not have. */
export function inspectInBrowser(source: string): unknown;
