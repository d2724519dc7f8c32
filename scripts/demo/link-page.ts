import { DemoProblem } from './problem.ts';

/** A form as a browser sends it. */
interface Form {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
  /** The values of its buttons named `decision`. */
  readonly decisions: readonly string[];
}

/**
 * Decides as a person with a browser does: opens the link, fills in the form that is there, presses a button.
 * @returns where the outcome is shown
 * @throws DemoProblem where the page offers no such decision
 */
export async function decideByLink(link: string, decision: 'approve' | 'reject', comment: string): Promise<string> {
  const page = await fetch(link);
  const form = formIn(await page.text(), link);
  if (!form?.decisions.includes(decision))
    throw new DemoProblem(`The page behind ${link} (status ${page.status}) does not offer to ${decision}.`);
  const answer = await fetch(form.action, {
    method: 'POST',
    redirect: 'manual',
    body: new URLSearchParams({ ...form.fields, comment, decision }),
  });
  if (answer.status !== 303)
    throw new DemoProblem(`The form behind ${link} answered ${answer.status} instead of showing the outcome.`);
  return new URL(answer.headers.get('location') ?? link, link).href;
}

function formIn(page: string, address: string): Form | null {
  const [, opening, inside] = /<form\b([^>]*\bmethod="post"[^>]*)>([\s\S]*?)<\/form>/i.exec(page) ?? [];
  if (opening === undefined || inside === undefined) return null;
  const hidden = elements(inside, 'input').filter((input) => input['type'] === 'hidden');
  const buttons = elements(inside, 'button').filter((button) => button['name'] === 'decision');
  return {
    action: new URL(attributes(opening)['action'] ?? '', address).href,
    fields: Object.fromEntries(hidden.map((input) => [input['name'] ?? '', input['value'] ?? ''])),
    decisions: buttons.map((button) => button['value'] ?? ''),
  };
}

function elements(html: string, name: string): Record<string, string>[] {
  return [...html.matchAll(new RegExp(`<${name}\\b([^>]*)>`, 'gi'))].map((match) => attributes(match[1] ?? ''));
}

function attributes(tag: string): Record<string, string> {
  return Object.fromEntries(
    [...tag.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name, unescape(value ?? '')]),
  );
}

function unescape(text: string): string {
  return text
    .replaceAll('&quot;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
