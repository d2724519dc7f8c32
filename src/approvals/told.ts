import type { Profiles } from '../tenancy/service.ts';
import type { ApprovalDetails } from './details.ts';
import type { MailedRequest } from './mails.ts';
import type { RequestTeam } from './request-team.ts';

/** What the events tell about, opened. */
export interface Told {
  readonly profiles: Profiles;
  readonly details: ApprovalDetails | null;
  readonly admins: readonly string[];
  readonly team: RequestTeam;
  readonly request: MailedRequest;
}
