import { Client } from 'pg';
import { approvalView, type ApprovalView } from './approval-view.ts';
import type { Ledger } from './ledger.ts';
import type { ArrivedMail, MailLog } from './mail-log.ts';
import type { PersistentClient } from './persistent-client.ts';

export interface TimelineRow {
  readonly approval: string;
  readonly type: string;
  readonly stage: number | null;
  readonly channel: string | null;
}

export interface StoredDecision {
  readonly approval: string;
  readonly revision: number;
  readonly person: string;
  readonly counts: boolean;
}

/** All that is known when everything has come to rest. */
export interface Evidence {
  readonly ledger: Ledger;
  readonly views: readonly ApprovalView[];
  readonly timeline: readonly TimelineRow[];
  readonly decisions: readonly StoredDecision[];
  /** Ids of requests by how often each is found in the audit log as made, and as decided on with success. */
  readonly audit: readonly {
    readonly approval: string;
    readonly action: string;
    readonly outcome: string;
    readonly count: number;
  }[];
  readonly intents: readonly {
    readonly approval: string;
    readonly kind: string;
    readonly state: string;
    readonly refusal: string | null;
    readonly count: number;
  }[];
  readonly mails: readonly ArrivedMail[];
  readonly outbox: readonly {
    readonly channel: string;
    readonly attempts: number;
    readonly last_error: string | null;
    readonly failed: boolean;
  }[];
  /** When the worker died, in milliseconds since 1970. */
  readonly workerDeaths: readonly number[];
}

/** Looks at what the API shows, what is stored, and what has arrived. */
export async function gatherEvidence(parts: {
  ledger: Ledger;
  mails: MailLog;
  client: PersistentClient;
  serviceKey: string;
  adminUrl: string;
  workerDeaths: readonly number[];
}): Promise<Evidence> {
  const { ledger, mails, client, serviceKey, adminUrl, workerDeaths } = parts;
  const views: ApprovalView[] = [];
  for (const id of ledger.requests.keys())
    views.push(
      await client.json({ method: 'GET', path: `/api/v1/approvals/${id}`, key: serviceKey }, (body) =>
        approvalView.parse(body),
      ),
    );
  const admin = new Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    const rows = async <Row extends object>(sql: string) => (await admin.query<Row>(sql)).rows;
    return {
      ledger,
      views,
      workerDeaths,
      timeline: await rows(
        'select approval_id as approval, type, stage_index as stage, channel from countersign.approval_timeline order by at, seq',
      ),
      decisions: await rows(
        'select approval_id as approval, revision, person_id as person, counts from countersign.approval_decisions',
      ),
      audit: await rows(
        "select resource_id as approval, action, outcome, count(*)::int as count from countersign.audit_entries where resource_type = 'approval' group by 1, 2, 3",
      ),
      intents: await rows(
        'select approval_id as approval, kind, state, refusal, count(*)::int as count from countersign.approval_intents group by 1, 2, 3, 4',
      ),
      outbox: await rows(
        'select channel, attempts, last_error, failed_at is not null as failed from countersign.outbox',
      ),
      mails: await mails.all(),
    };
  } finally {
    await admin.end();
  }
}
