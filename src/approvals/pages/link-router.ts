import { type Request, Router } from 'express';
import { sendPage } from '../../pages/routes/send-page.ts';
import { readForm } from '../../platform/http/body.ts';
import { refuseOtherSites } from '../../platform/http/foreign-form.ts';
import { type Provenance, provenanceOf } from '../../platform/http/provenance.ts';
import type { LinkService, LinkVisit } from '../link-service.ts';
import { useLink } from '../links.ts';
import type { DecisionDoor, DecisionFlow } from './decision-flow.ts';
import { linkPage } from './link-page.ts';

export interface LinkRouterParts {
  readonly links: LinkService;
  readonly flow: DecisionFlow;
  readonly publicUrl: string;
}

/**
 * `/r/<token>`: the page behind a mailed link. GET and HEAD change nothing, whatever the query, because mail scanners follow
 * links; a POST of `decision` and `comment` decides. The token is all the authority there is, so no cookie is looked at;
 * but a browser that says it was led here by another site's form is refused.
 */
export function approvalPageRouter({ links, flow, publicUrl }: LinkRouterParts): Router {
  const { origin } = new URL(publicUrl);
  const router = Router({ caseSensitive: true });

  router.get('/r/:token', async (request, response) => {
    const page = linkPage(await links.visit(request.params.token), pathOf(request));
    sendPage(response, 200, page.render({ justDecided: 'decided' in request.query }));
  });

  router.post('/r/:token', async (request, response) => {
    refuseOtherSites(request, origin);
    const fields = await readForm(request);
    const visit = await links.visit(request.params.token);
    await flow.answer(
      response,
      fields,
      doorOf(visit, provenanceOf(request, response), async () =>
        linkPage(await links.visit(request.params.token), pathOf(request)),
      ),
    );
  });

  return router;
}

function doorOf({ organization, link }: LinkVisit, provenance: Provenance, look: DecisionDoor['look']): DecisionDoor {
  return {
    route: 'POST /r/{token}',
    origin: { organization: organization.id, actor: { type: 'person', id: link.person }, ...provenance },
    look,
    // A link takes one decision, recorded under the link's own id: a double click finds what the first one has recorded.
    recording: () => ({
      channel: 'link',
      intent: link.id,
      revision: link.revision,
      alsoRecord: (tx) => useLink(tx, link.id),
    }),
  };
}

function pathOf(request: Request<{ token: string }>): string {
  return `/r/${encodeURIComponent(request.params.token)}`;
}
