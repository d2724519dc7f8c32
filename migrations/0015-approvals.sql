create table countersign.approvals (
  id uuid not null,
  organization_id uuid not null,
  team_id uuid not null,
  kind varchar(255) not null,
  requester_id uuid not null,
  creator_id uuid null,
  creator_key_id uuid null,
  state varchar(255) not null,
  revision int not null default 1,
  version int not null default 1,
  amount numeric(38,12) null,
  currency varchar(255) null,
  chain jsonb not null,
  details bytea not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  decided_at timestamptz null,
  expires_at timestamptz null,
  outcome jsonb null,
  outcome_intent_id uuid null,
  beneficiary_id uuid null,
  on_closed jsonb null,
  primary key (id)
);
create index approvals_organization_id_state_id_index on countersign.approvals (organization_id, state, id);
create index approvals_team_id_id_index on countersign.approvals (team_id, id);
create index approvals_requester_id_id_index on countersign.approvals (requester_id, id);
create index approvals_creator_id_id_index on countersign.approvals (creator_id, id);
create index approvals_creator_key_id_id_index on countersign.approvals (creator_key_id, id);
alter table countersign.approvals add constraint approvals_organization_id_id_unique unique (organization_id, id);
alter table countersign.approvals add constraint approvals_requester_id_fkey
  foreign key (organization_id, requester_id) references countersign.people (organization_id, id);
alter table countersign.approvals add constraint approvals_beneficiary_id_fkey
  foreign key (organization_id, beneficiary_id) references countersign.people (organization_id, id);

create table countersign.approval_revisions (
  id uuid not null,
  organization_id uuid not null,
  approval_id uuid not null,
  revision int not null,
  amount numeric(38,12) null,
  chain jsonb not null,
  details bytea not null,
  replaced_at timestamptz not null,
  primary key (id)
);
create index approval_revisions_approval_id_revision_index on countersign.approval_revisions (approval_id, revision);
alter table countersign.approval_revisions add constraint approval_revisions_approval_id_fkey
  foreign key (organization_id, approval_id) references countersign.approvals (organization_id, id);

create table countersign.approval_stages (
  id uuid not null,
  organization_id uuid not null,
  approval_id uuid not null,
  revision int not null,
  stage_index int not null,
  state varchar(255) not null,
  escalated boolean not null default false,
  required int not null,
  opened_at timestamptz null,
  deadline_at timestamptz null,
  remind_at jsonb not null,
  primary key (id)
);
alter table countersign.approval_stages add constraint approval_stages_approval_id_revision_stage_index_unique
  unique (approval_id, revision, stage_index);
alter table countersign.approval_stages add constraint approval_stages_approval_id_fkey
  foreign key (organization_id, approval_id) references countersign.approvals (organization_id, id);

create table countersign.approval_asks (
  id uuid not null,
  organization_id uuid not null,
  approval_id uuid not null,
  revision int not null,
  stage_index int not null,
  person_id uuid not null,
  on_behalf_of uuid null,
  reason jsonb not null,
  pending boolean not null,
  asked_at timestamptz not null,
  primary key (id)
);
create index approval_asks_inbox on countersign.approval_asks (person_id, approval_id) where pending;
create index approval_asks_person on countersign.approval_asks (person_id, approval_id);
create index approval_asks_on_behalf_of on countersign.approval_asks (on_behalf_of, approval_id) where on_behalf_of is not null;
alter table countersign.approval_asks add constraint approval_asks_approval_id_revision_stage_index_person_id_unique
  unique (approval_id, revision, stage_index, person_id);
alter table countersign.approval_asks add constraint approval_asks_approval_id_fkey
  foreign key (organization_id, approval_id) references countersign.approvals (organization_id, id);
alter table countersign.approval_asks add constraint approval_asks_person_id_fkey
  foreign key (organization_id, person_id) references countersign.people (organization_id, id);

create table countersign.approval_decisions (
  id uuid not null,
  organization_id uuid not null,
  approval_id uuid not null,
  revision int not null,
  stage_index int null,
  person_id uuid not null,
  on_behalf_of uuid null,
  decision varchar(255) not null,
  comment bytea null,
  channel varchar(255) not null,
  counts boolean not null,
  "at" timestamptz not null,
  primary key (id)
);
create index approval_decisions_approval_id_index on countersign.approval_decisions (approval_id);
create index approval_decisions_person_id_index on countersign.approval_decisions (person_id);
alter table countersign.approval_decisions add constraint approval_decisions_approval_id_fkey
  foreign key (organization_id, approval_id) references countersign.approvals (organization_id, id);
alter table countersign.approval_decisions add constraint approval_decisions_person_id_fkey
  foreign key (organization_id, person_id) references countersign.people (organization_id, id);

create table countersign.approval_timeline (
  id uuid not null,
  organization_id uuid not null,
  approval_id uuid not null,
  "at" timestamptz not null,
  seq int not null,
  type varchar(255) not null,
  stage_index int null,
  person_id uuid null,
  channel varchar(255) null,
  detail text not null,
  intent_id uuid null,
  primary key (id)
);
create index approval_timeline_approval_id_at_seq_index on countersign.approval_timeline (approval_id, "at", seq);
alter table countersign.approval_timeline add constraint approval_timeline_approval_id_fkey
  foreign key (organization_id, approval_id) references countersign.approvals (organization_id, id);

select countersign.isolate_organizations(
  'countersign.approvals',
  'countersign.approval_revisions',
  'countersign.approval_stages',
  'countersign.approval_asks',
  'countersign.approval_decisions',
  'countersign.approval_timeline'
);

-- The decisions of the past cannot be rewritten.
grant select, insert on
  countersign.approval_revisions, countersign.approval_decisions, countersign.approval_timeline
  to countersign_app;
-- Whether a decision still counts is all that may change about it.
grant update (counts) on countersign.approval_decisions to countersign_app;
grant select, insert, update on countersign.approvals to countersign_app;
grant select, insert, update, delete on countersign.approval_stages, countersign.approval_asks to countersign_app;
