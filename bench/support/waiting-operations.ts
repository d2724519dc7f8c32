import type { ApiClient } from './api-client.ts';
import type { WaitingApproval } from './bulk.ts';
import type { MadeOrganization } from './organization.ts';
import type { Random } from './random.ts';

/** What an operation is measured on. */
export interface WaitingPlace {
  readonly api: ApiClient;
  readonly ownerKey: string;
  readonly organization: MadeOrganization;
  readonly random: Random;
  /** One that waits and was not decided on yet. */
  nextWaiting(): WaitingApproval;
}

export type WaitingOperation = (place: WaitingPlace) => Promise<unknown>;

const PAGE = 20;

/** What people and programs do all day. Reads take a page; a decision is that of the first stage. */
export const WAITING_OPERATIONS: Readonly<Record<string, WaitingOperation>> = {
  'list of all that is pending': ({ api, ownerKey }) =>
    api.need('GET', `/api/v1/approvals?state=pending&limit=${PAGE}`, { key: ownerKey }),
  'list of one team': ({ api, ownerKey, organization, random }) =>
    api.need(
      'GET',
      `/api/v1/approvals?state=pending&team_id=${random.pick(organization.requesters).team}&limit=${PAGE}`,
      { key: ownerKey },
    ),
  'list as a manager sees it': ({ api, organization, random }) =>
    api.need('GET', `/api/v1/approvals?limit=${PAGE}`, { key: random.pick(organization.requesters).manager.key }),
  'list of what was decided (nothing)': ({ api, ownerKey }) =>
    api.need('GET', `/api/v1/approvals?state=rejected&limit=${PAGE}`, { key: ownerKey }),
  'inbox of an approver': ({ api, organization, random }) => {
    const { manager } = random.pick(organization.requesters);
    return api.need('GET', `/api/v1/approvals?state=pending&approver_id=${manager.id}&limit=${PAGE}`, {
      key: manager.key,
    });
  },
  'inbox of somebody who is asked later': ({ api, organization, random }) => {
    const { director } = random.pick(organization.requesters);
    return api.need('GET', `/api/v1/approvals?state=pending&approver_id=${director.id}&limit=${PAGE}`, {
      key: director.key,
    });
  },
  decision: (place) => {
    const { id, requester } = place.nextWaiting();
    return place.api.need('POST', `/api/v1/approvals/${id}/decisions`, {
      key: requester.manager.key,
      body: { decision: 'approve', comment: 'Within the budget.' },
    });
  },
};
