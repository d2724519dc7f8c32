import { WEBHOOK_EVENTS } from './notify/service.ts';
import { dataTable } from './pages/components.ts';
import type { DocsSection } from './pages/docs-page.ts';
import { auditSection } from './pages/docs/audit-section.ts';
import { html } from './pages/html.ts';
import { AUDIT_ACTIONS } from './platform/audit-actions.ts';
import { PROBLEM_TYPES } from './platform/http/problems.ts';
import { PERMISSIONS } from './tenancy/rules/permissions.ts';
import { ROLES, type Role } from './tenancy/rules/roles.ts';

/** What the reference says besides the endpoints; each table is the one in the code. */
export function docsSections(): DocsSection[] {
  return [rolesSection(), problemsSection(), webhooksSection(), auditSection(), auditActionsSection()];
}

function rolesSection(): DocsSection {
  const rules = Object.values(PERMISSIONS);
  const rows = rules.map(({ meaning, scope, roles }) => {
    const held: readonly Role[] = roles;
    return [meaning, html`<code>${scope}</code>`, ...ROLES.map((role) => (held.includes(role) ? 'yes' : ''))] as const;
  });
  return {
    id: 'roles',
    title: 'Roles and permissions',
    body: html`<p>A role held in a team holds in its descendants; one held in the organization’s root holds everywhere. Whoever is asked in an approval may decide on it, whatever their role. A key also needs the scope.</p>
${dataTable('What each role may do', ['Permission', 'Scope', ...ROLES.map((role) => role.replaceAll('_', ' '))], rows)}`,
  };
}

function problemsSection(): DocsSection {
  const rows = Object.entries(PROBLEM_TYPES).map(
    ([code, { status, title }]) =>
      [html`<a href="/problems/${code}"><code>/problems/${code}</code></a>`, String(status), title] as const,
  );
  return {
    id: 'problems',
    title: 'Problem types',
    body: html`<p>Errors are RFC 9457 problems (<code>application/problem+json</code>).</p>${dataTable('Problem types', ['Type', 'Status', 'Title'], rows)}`,
  };
}

function webhooksSection(): DocsSection {
  const rows = Object.entries(WEBHOOK_EVENTS).map(
    ([type, description]) => [html`<code>${type}</code>`, description] as const,
  );
  return {
    id: 'webhook-events',
    title: 'Webhook events',
    body: html`<p>Deliveries are signed as Standard Webhooks say (<code>webhook-id</code>, <code>webhook-timestamp</code>, <code>webhook-signature</code>), repeated for a day, and may come more than once: compare <code>webhook-id</code>.</p>
${dataTable('Webhook events', ['Event', 'Meaning'], rows)}`,
  };
}

function auditActionsSection(): DocsSection {
  const rows = Object.entries(AUDIT_ACTIONS).map(
    ([action, { resource, meaning }]) =>
      [html`<code>${action}</code>`, html`<code>${resource}</code>`, meaning] as const,
  );
  return {
    id: 'audit-actions',
    title: 'Actions of the audit log',
    body: html`<p>Whatever is changed, denied or read with care writes one entry, in the transaction that does it. This is everything there is.</p>
${dataTable('Actions of the audit log', ['Action', 'Resource', 'Meaning'], rows)}`,
  };
}
