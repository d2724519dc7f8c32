import type { Router } from 'express';
import { LinkService } from '../approvals/link-service.ts';
import { DecisionFlow } from '../approvals/pages/decision-flow.ts';
import { inboxRouter } from '../approvals/pages/inbox-router.ts';
import { InboxVisits } from '../approvals/pages/inbox-visits.ts';
import { approvalPageRouter } from '../approvals/pages/link-router.ts';
import { PageDecisions } from '../approvals/pages/page-decisions.ts';
import { StepUp } from '../approvals/step-up.ts';
import type { Core } from './core.ts';
import { docsSections } from '../docs-sections.ts';
import type { OpenApiDocument } from '../pages/docs/openapi.ts';
import { mailboxRouter } from '../pages/routes/mailbox.ts';
import { publicPages } from '../pages/routes/public-pages.ts';
import type { Mailbox } from '../platform/embedded/mailbox.ts';
import type { Denials } from '../platform/http/denials.ts';
import { Cookies } from '../tenancy/sign-in/cookies.ts';
import { FormGuard } from '../tenancy/sign-in/form-guard.ts';
import { SignInLimits } from '../tenancy/sign-in/limits.ts';
import { signInRouter } from '../tenancy/sign-in/router.ts';
import { Sessions } from '../tenancy/sign-in/sessions.ts';
import { SignInService } from '../tenancy/sign-in/sign-in-service.ts';
import { Visitors } from '../tenancy/sign-in/visitors.ts';

/** Everything that people look at with a browser. */
export function composePages(
  core: Core,
  { document, denials, mailbox }: { document: OpenApiDocument; denials: Denials; mailbox: Mailbox | null },
): Router[] {
  const { config, clock, master, work, people, approvals } = core;
  const { publicUrl } = config;
  const stepUp = new StepUp({ work, master, people });
  const flow = new DecisionFlow({
    decisions: new PageDecisions({ commands: approvals.commands, stepUp }),
    stepUp,
    denials,
  });
  const links = new LinkService({ work, views: approvals.views, people, stepUp, clock });
  const sessions = new Sessions({ work, people, clock });
  const cookies = new Cookies(publicUrl.startsWith('https:'));
  const guard = new FormGuard({ master, cookies, publicUrl });
  const visitors = new Visitors({ sessions, cookies, guard });
  const signIn = new SignInService({ work, people, sessions, limits: new SignInLimits(), clock, publicUrl });
  const visits = new InboxVisits({
    work,
    queries: approvals.queries,
    stepUp,
    clock,
    reasonReads: approvals.reasonReads,
  });
  return [
    publicPages({ document, sections: docsSections(), publicUrl }),
    approvalPageRouter({ links, flow, publicUrl }),
    signInRouter({ signIn, visitors, guard }),
    inboxRouter({ visitors, queries: approvals.queries, visits, flow, denials, clock }),
    ...(mailbox ? [mailboxRouter(mailbox)] : []),
  ];
}
