-- Tables as the entities declare them (a test compares the two).

create table countersign.absences (
  id uuid not null,
  organization_id uuid not null,
  person_id uuid not null,
  absent_from timestamptz not null,
  absent_until timestamptz not null,
  delegate_id uuid not null,
  created_at timestamptz not null,
  primary key (id)
);
create index absences_organization_id_absent_until_index on countersign.absences (organization_id, absent_until);
alter table countersign.absences add constraint absences_person_id_unique unique (person_id);

create table countersign.api_keys (
  id uuid not null,
  organization_id uuid not null,
  hash bytea not null,
  kind varchar(255) not null,
  person_id uuid null,
  service_name text null,
  team_id uuid null,
  scopes text[] not null,
  made_by_owner boolean not null default false,
  expires_at timestamptz null,
  revoked_at timestamptz null,
  created_at timestamptz not null,
  primary key (id)
);
create index api_keys_person_id_index on countersign.api_keys (person_id);
alter table countersign.api_keys add constraint api_keys_hash_unique unique (hash);

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
alter table countersign.approval_asks add constraint approval_asks_approval_id_revision_stage_index_person_id_unique unique (approval_id, revision, stage_index, person_id);

-- What an entry can be found by is taken out of the leaf, the text that is hashed and signed: the two can never differ.
create table countersign.audit_entries (
  id uuid not null,
  organization_id uuid not null,
  "at" timestamptz not null,
  leaf text not null,
  sealed bytea null,
  action text not null generated always as (leaf::jsonb #>> '{action}') stored,
  actor_type text not null generated always as (leaf::jsonb #>> '{actor,type}') stored,
  actor_id uuid null generated always as ((leaf::jsonb #>> '{actor,ref}')::uuid) stored,
  actor_key uuid null generated always as ((leaf::jsonb #>> '{actor,key}')::uuid) stored,
  resource_type text not null generated always as (leaf::jsonb #>> '{resource,type}') stored,
  resource_id text not null generated always as (leaf::jsonb #>> '{resource,ref}') stored,
  team_id uuid null generated always as ((leaf::jsonb #>> '{team}')::uuid) stored,
  outcome text not null generated always as (leaf::jsonb #>> '{outcome}') stored,
  primary key (id, "at"),
  constraint audit_entries_leaf_check check ((leaf::jsonb ->> 'id')::uuid = id and (leaf::jsonb ->> 'organization')::uuid = organization_id and (leaf::jsonb ->> 'at')::timestamptz = "at")
) partition by range ("at");
create index audit_entries_organization_id_at_id_index on countersign.audit_entries (organization_id, "at", id);
create index audit_entries_organization_id_action_at_index on countersign.audit_entries (organization_id, action, "at");
create index audit_entries_organization_id_actor_id_at_index on countersign.audit_entries (organization_id, actor_id, "at");
create index audit_entries_organization_id_resource_id_at_index on countersign.audit_entries (organization_id, resource_id, "at");
create index audit_entries_organization_id_team_id_at_index on countersign.audit_entries (organization_id, team_id, "at");

create table countersign.audit_pending (
  organization_id uuid not null,
  "at" timestamptz not null,
  entry_id uuid not null,
  queued_at timestamptz not null default clock_timestamp(),
  primary key (organization_id, "at", entry_id)
);

create table countersign.audit_leaves (
  organization_id uuid not null,
  leaf_index bigint not null,
  entry_id uuid not null,
  "at" timestamptz not null,
  leaf_hash bytea not null,
  primary key (organization_id, leaf_index)
);
alter table countersign.audit_leaves add constraint audit_leaves_organization_id_entry_id_unique unique (organization_id, entry_id);
-- Leaves are added about in the order of their moments: a summary for each megabyte costs next to nothing, and finds those of a month.
create index audit_leaves_at_brin on countersign.audit_leaves using brin ("at") with (autosummarize = on);

create table countersign.audit_tiles (
  organization_id uuid not null,
  level smallint not null,
  tile_index bigint not null,
  hashes bytea not null,
  primary key (organization_id, level, tile_index)
);

create table countersign.audit_logs (
  organization_id uuid not null,
  size bigint not null,
  root bytea not null,
  verifier_key text not null,
  signing_key bytea not null,
  created_at timestamptz not null,
  sealed_at timestamptz null,
  primary key (organization_id)
);

create table countersign.audit_checkpoints (
  organization_id uuid not null,
  tree_size bigint not null,
  root bytea not null,
  "at" timestamptz not null,
  note text not null,
  previous_size bigint not null,
  link bytea not null,
  primary key (organization_id, tree_size)
);

create table countersign.audit_watches (
  organization_id uuid not null,
  next_index bigint not null,
  updated_at timestamptz not null,
  primary key (organization_id)
);

create table countersign.audit_access_states (
  organization_id uuid not null,
  person_id uuid not null,
  state bytea not null,
  updated_at timestamptz not null,
  primary key (organization_id, person_id)
);

create table countersign.audit_streams (
  id uuid not null,
  organization_id uuid not null,
  name varchar(255) not null,
  kind varchar(255) not null,
  target bytea not null,
  next_index bigint not null,
  due_at timestamptz not null,
  lease int not null default 0,
  attempts int not null default 0,
  failing_since timestamptz null,
  told_at timestamptz null,
  last_error varchar(255) null,
  delivered_at timestamptz null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (id)
);
alter table countersign.audit_streams add constraint audit_streams_organization_id_name_unique unique (organization_id, name);

create table countersign.audit_archives (
  id uuid not null,
  organization_id uuid not null,
  month varchar(255) not null,
  first_index bigint not null,
  end_index bigint not null,
  tree_size bigint not null,
  entries int not null,
  digest bytea not null,
  personal_digest bytea not null,
  archived_at timestamptz not null,
  primary key (id)
);
alter table countersign.audit_archives add constraint audit_archives_organization_id_month_unique unique (organization_id, month);

-- Bundles that were asked for, and what they consist of.
create table countersign.audit_exports (
  id uuid not null,
  organization_id uuid not null,
  range_from timestamptz not null,
  range_to timestamptz not null,
  state varchar(255) not null,
  attempt int not null default 0,
  entries int null,
  done int not null default 0,
  tree_size bigint null,
  bytes bigint null,
  digest bytea null,
  error varchar(255) null,
  created_at timestamptz not null,
  ready_at timestamptz null,
  expires_at timestamptz not null,
  primary key (id)
);
create index audit_exports_expires_at_index on countersign.audit_exports (expires_at);
alter table countersign.audit_exports add constraint audit_exports_organization_id_id_unique unique (organization_id, id);

create table countersign.audit_export_chunks (
  organization_id uuid not null,
  export_id uuid not null,
  attempt int not null,
  position int not null,
  data bytea not null,
  primary key (organization_id, export_id, attempt, position)
);
-- They are compressed and encrypted already.
alter table countersign.audit_export_chunks alter column data set storage external;

create table countersign.audit_witnesses (
  id uuid not null,
  organization_id uuid not null,
  name varchar(255) not null,
  verifier_key text not null,
  registered_at timestamptz not null,
  primary key (id)
);
alter table countersign.audit_witnesses add constraint audit_witnesses_organization_id_name_unique unique (organization_id, name);

create table countersign.audit_cosignatures (
  organization_id uuid not null,
  tree_size bigint not null,
  verifier_key text not null,
  line text not null,
  cosigned_at timestamptz not null,
  received_at timestamptz not null,
  primary key (organization_id, tree_size, verifier_key)
);

create table countersign.billing_settings (
  id uuid not null,
  organization_id uuid not null,
  team_id uuid not null,
  settings jsonb not null,
  version int not null default 1,
  updated_at timestamptz not null,
  reporting_since timestamptz null,
  primary key (id)
);
alter table countersign.billing_settings add constraint billing_settings_team_id_unique unique (team_id);

create table countersign.calendar_versions (
  id uuid not null,
  organization_id uuid not null,
  name varchar(255) not null,
  version int not null,
  timezone varchar(255) not null,
  days text[] not null,
  hours jsonb not null,
  holidays text[] not null,
  created_at timestamptz not null,
  primary key (id)
);
alter table countersign.calendar_versions add constraint calendar_versions_organization_id_name_version_unique unique (organization_id, name, version);

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

create table countersign.directory (
  kind varchar(255) not null,
  hash bytea not null,
  organization_id uuid not null,
  target_id uuid not null,
  primary key (kind, hash, organization_id, target_id)
);

create table countersign.idempotent_requests (
  id uuid not null,
  organization_id uuid not null,
  api_key_id uuid not null,
  key_hash bytea not null,
  request_hash bytea not null,
  status int null,
  answer bytea null,
  created_at timestamptz not null,
  locked_until timestamptz null,
  primary key (id)
);
create index idempotent_requests_created_at_index on countersign.idempotent_requests (created_at);
alter table countersign.idempotent_requests add constraint idempotent_requests_api_key_id_key_hash_unique unique (api_key_id, key_hash);

create table countersign.approval_intents (
  id uuid not null,
  organization_id uuid not null,
  approval_id uuid not null,
  kind varchar(255) not null,
  actor jsonb not null,
  person_id uuid null,
  channel varchar(255) not null,
  request_id varchar(255) null,
  command jsonb not null,
  text bytea null,
  source bytea null,
  state varchar(255) not null,
  refusal varchar(255) null,
  created_at timestamptz not null,
  settled_at timestamptz null,
  primary key (id)
);
create index approval_intents_approval_id_index on countersign.approval_intents (approval_id) where state = 'pending';

create table countersign.approval_links (
  id uuid not null,
  organization_id uuid not null,
  approval_id uuid not null,
  revision int not null,
  stage_index int not null,
  person_id uuid not null,
  created_at timestamptz not null,
  used_at timestamptz null,
  superseded_at timestamptz null,
  primary key (id)
);
create index approval_links_approval_id_index on countersign.approval_links (approval_id);
create index approval_links_person_id_index on countersign.approval_links (person_id);

create table countersign.memberships (
  id uuid not null,
  organization_id uuid not null,
  team_id uuid not null,
  person_id uuid not null,
  roles text[] not null,
  manager_id uuid null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (id)
);
create index memberships_person_id_index on countersign.memberships (person_id);
alter table countersign.memberships add constraint memberships_team_id_person_id_unique unique (team_id, person_id);

create table countersign.organizations (
  id uuid not null,
  name text not null,
  settings jsonb not null,
  version int not null default 1,
  created_at timestamptz not null,
  primary key (id)
);

create table countersign.outbox (
  id uuid not null,
  organization_id uuid not null,
  channel varchar(255) not null,
  reference jsonb not null,
  body bytea null,
  created_at timestamptz not null,
  due_at timestamptz not null,
  attempts int not null default 0,
  last_error varchar(255) null,
  failed_at timestamptz null,
  primary key (id)
);
create index outbox_due on countersign.outbox (channel, due_at) where failed_at is null;

create table countersign.people (
  id uuid not null,
  organization_id uuid not null,
  kind varchar(255) not null,
  alias_hash bytea null,
  email_hash bytea null,
  profile bytea not null,
  active boolean not null default true,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  primary key (id)
);
create index people_inactive on countersign.people (organization_id) where not active;
alter table countersign.people add constraint people_organization_id_id_unique unique (organization_id, id);
alter table countersign.people add constraint people_organization_id_alias_hash_unique unique (organization_id, alias_hash);
alter table countersign.people add constraint people_organization_id_email_hash_unique unique (organization_id, email_hash);

create table countersign.sessions (
  id uuid not null,
  organization_id uuid not null,
  person_id uuid not null,
  hash bytea not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  ended_at timestamptz null,
  primary key (id)
);
create index sessions_person_id_index on countersign.sessions (person_id);

create table countersign.sign_in_links (
  id uuid not null,
  organization_id uuid not null,
  person_id uuid not null,
  hash bytea not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz null,
  primary key (id)
);

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
alter table countersign.approval_stages add constraint approval_stages_approval_id_revision_stage_index_unique unique (approval_id, revision, stage_index);

create table countersign.step_up_codes (
  id uuid not null,
  organization_id uuid not null,
  approval_id uuid not null,
  person_id uuid not null,
  door_id uuid not null,
  hash bytea not null,
  attempts int not null default 0,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  used_at timestamptz null,
  primary key (id)
);
create index step_up_codes_approval_id_person_id_index on countersign.step_up_codes (approval_id, person_id);

create table keyring.subject_keys (
  id uuid not null,
  organization_id uuid not null,
  wrapped bytea null,
  created_at timestamptz not null,
  destroyed_at timestamptz null,
  primary key (id)
);

create table countersign.teams (
  id uuid not null,
  organization_id uuid not null,
  alias varchar(255) not null,
  name text not null,
  parent_id uuid null,
  timezone varchar(255) null,
  currency varchar(255) null,
  created_at timestamptz not null,
  primary key (id)
);
create index teams_parent_id_index on countersign.teams (parent_id);
alter table countersign.teams add constraint teams_organization_id_id_unique unique (organization_id, id);
alter table countersign.teams add constraint teams_organization_id_alias_unique unique (organization_id, alias);

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

create table countersign.webhooks (
  id uuid not null,
  organization_id uuid not null,
  target bytea not null,
  events text[] not null,
  created_at timestamptz not null,
  deleted_at timestamptz null,
  primary key (id)
);
alter table countersign.webhooks add constraint webhooks_organization_id_id_unique unique (organization_id, id);

create table countersign.webhook_deliveries (
  id uuid not null,
  organization_id uuid not null,
  webhook_id uuid not null,
  event_id uuid not null,
  event_type varchar(255) not null,
  body bytea not null,
  state varchar(255) not null,
  attempts int not null default 0,
  last_status int null,
  last_error varchar(255) null,
  created_at timestamptz not null,
  last_attempt_at timestamptz null,
  delivered_at timestamptz null,
  primary key (id)
);
create index webhook_deliveries_webhook_id_created_at_id_index on countersign.webhook_deliveries (webhook_id, created_at, id);

-- A reference never leaves its organization, whatever the application does.
alter table countersign.approval_stages add constraint approval_stages_approval_id_fkey foreign key (organization_id, approval_id) references countersign.approvals (organization_id, id);
alter table countersign.approval_asks add constraint approval_asks_approval_id_fkey foreign key (organization_id, approval_id) references countersign.approvals (organization_id, id);
alter table countersign.approval_decisions add constraint approval_decisions_approval_id_fkey foreign key (organization_id, approval_id) references countersign.approvals (organization_id, id);
alter table countersign.approval_timeline add constraint approval_timeline_approval_id_fkey foreign key (organization_id, approval_id) references countersign.approvals (organization_id, id);
alter table countersign.approval_intents add constraint approval_intents_approval_id_fkey foreign key (organization_id, approval_id) references countersign.approvals (organization_id, id);
alter table countersign.approval_links add constraint approval_links_approval_id_fkey foreign key (organization_id, approval_id) references countersign.approvals (organization_id, id);
alter table countersign.step_up_codes add constraint step_up_codes_approval_id_fkey foreign key (organization_id, approval_id) references countersign.approvals (organization_id, id);
alter table countersign.approval_revisions add constraint approval_revisions_approval_id_fkey foreign key (organization_id, approval_id) references countersign.approvals (organization_id, id);
alter table countersign.billing_settings add constraint billing_settings_team_id_fkey foreign key (organization_id, team_id) references countersign.teams (organization_id, id);
alter table countersign.api_keys add constraint api_keys_team_id_fkey foreign key (organization_id, team_id) references countersign.teams (organization_id, id);
alter table countersign.teams add constraint teams_parent_id_fkey foreign key (organization_id, parent_id) references countersign.teams (organization_id, id);
alter table countersign.approvals add constraint approvals_requester_id_fkey foreign key (organization_id, requester_id) references countersign.people (organization_id, id);
alter table countersign.approvals add constraint approvals_beneficiary_id_fkey foreign key (organization_id, beneficiary_id) references countersign.people (organization_id, id);
alter table countersign.memberships add constraint memberships_person_id_fkey foreign key (organization_id, person_id) references countersign.people (organization_id, id);
alter table countersign.memberships add constraint memberships_manager_id_fkey foreign key (organization_id, manager_id) references countersign.people (organization_id, id);
alter table countersign.absences add constraint absences_person_id_fkey foreign key (organization_id, person_id) references countersign.people (organization_id, id);
alter table countersign.absences add constraint absences_delegate_id_fkey foreign key (organization_id, delegate_id) references countersign.people (organization_id, id);
alter table countersign.api_keys add constraint api_keys_person_id_fkey foreign key (organization_id, person_id) references countersign.people (organization_id, id);
alter table countersign.approval_asks add constraint approval_asks_person_id_fkey foreign key (organization_id, person_id) references countersign.people (organization_id, id);
alter table countersign.approval_decisions add constraint approval_decisions_person_id_fkey foreign key (organization_id, person_id) references countersign.people (organization_id, id);
alter table countersign.sessions add constraint sessions_person_id_fkey foreign key (organization_id, person_id) references countersign.people (organization_id, id);
alter table countersign.sign_in_links add constraint sign_in_links_person_id_fkey foreign key (organization_id, person_id) references countersign.people (organization_id, id);
alter table countersign.audit_access_states add constraint audit_access_states_person_id_fkey foreign key (organization_id, person_id) references countersign.people (organization_id, id);
alter table countersign.audit_export_chunks add constraint audit_export_chunks_export_id_fkey foreign key (organization_id, export_id) references countersign.audit_exports (organization_id, id);
alter table countersign.webhook_deliveries add constraint webhook_deliveries_webhook_id_fkey foreign key (organization_id, webhook_id) references countersign.webhooks (organization_id, id);

-- Row-level security, forced. Behind this door a table has rows for its owner and for nobody else.
create function countersign.keep_to_owner(kept regclass)
returns void
language plpgsql volatile set search_path = ''
as $$
begin
  execute format('alter table %s enable row level security', kept);
  execute format('alter table %s force row level security', kept);
  execute format('create policy owner on %s to countersign_owner using (true) with check (true)', kept);
end $$;
revoke all on function countersign.keep_to_owner(regclass) from public;

-- Every row belongs to one organization, and a session sees that of its transaction only.
create function countersign.isolate_organizations(variadic isolated regclass[])
returns void
language plpgsql volatile set search_path = ''
as $$
declare
  tenant_table regclass;
  own constant text := 'organization_id = nullif(current_setting(''app.organization'', true), '''')::uuid';
begin
  foreach tenant_table in array isolated loop
    perform countersign.keep_to_owner(tenant_table);
    execute format('create policy organization on %s to countersign_app using (%s) with check (%s)', tenant_table, own, own);
  end loop;
end $$;
revoke all on function countersign.isolate_organizations(regclass[]) from public;

select countersign.isolate_organizations(
  'countersign.absences',
  'countersign.api_keys',
  'countersign.approval_revisions',
  'countersign.approvals',
  'countersign.approval_asks',
  'countersign.audit_access_states',
  'countersign.audit_archives',
  'countersign.audit_checkpoints',
  'countersign.audit_cosignatures',
  'countersign.audit_entries',
  'countersign.audit_export_chunks',
  'countersign.audit_exports',
  'countersign.audit_leaves',
  'countersign.audit_logs',
  'countersign.audit_pending',
  'countersign.audit_streams',
  'countersign.audit_tiles',
  'countersign.audit_watches',
  'countersign.audit_witnesses',
  'countersign.billing_settings',
  'countersign.calendar_versions',
  'countersign.approval_decisions',
  'countersign.idempotent_requests',
  'countersign.approval_intents',
  'countersign.approval_links',
  'countersign.memberships',
  'countersign.outbox',
  'countersign.people',
  'countersign.sessions',
  'countersign.sign_in_links',
  'countersign.approval_stages',
  'countersign.step_up_codes',
  'keyring.subject_keys',
  'countersign.teams',
  'countersign.approval_timeline',
  'countersign.webhooks',
  'countersign.webhook_deliveries'
);

select countersign.keep_to_owner('countersign.organizations');
create policy organization on countersign.organizations to countersign_app
  using (id = nullif(current_setting('app.organization', true), '')::uuid)
  with check (id = nullif(current_setting('app.organization', true), '')::uuid);

-- The directory is looked up before the organization is known; entries are added and removed when it is.
select countersign.isolate_organizations('countersign.directory');
create policy look_up on countersign.directory for select to countersign_app using (true);
-- The sealer works for all organizations at once.
do $$
declare
  audit_table text;
begin
  foreach audit_table in array array['audit_checkpoints', 'audit_entries', 'audit_leaves', 'audit_logs', 'audit_pending', 'audit_tiles'] loop
    execute format('create policy sealer on countersign.%I to countersign_sealer using (true) with check (true)', audit_table);
  end loop;
end $$;

create policy relay on countersign.outbox to countersign_relay using (true) with check (true);

-- Least privilege: the audit log and the decisions of the past cannot be rewritten; keys are destroyed, never deleted.
grant select, insert, update, delete on all tables in schema countersign to countersign_app;
revoke update, delete on countersign.audit_entries, countersign.audit_pending from countersign_app;
-- The proofs are the sealer's to add to, and everybody's to read; its keys are nobody else's.
revoke insert, update, delete on countersign.audit_leaves, countersign.audit_tiles, countersign.audit_checkpoints from countersign_app;
revoke all on countersign.audit_logs from countersign_app;
grant select (organization_id, size, root, verifier_key, created_at, sealed_at) on countersign.audit_logs to countersign_app;
grant select on countersign.audit_entries to countersign_sealer;
grant select, delete on countersign.audit_pending to countersign_sealer;
grant select, insert on countersign.audit_leaves, countersign.audit_checkpoints to countersign_sealer;
grant select, insert, update on countersign.audit_tiles, countersign.audit_logs to countersign_sealer;
-- Whoever follows the logs looks across organizations for what there is to do, and sees nothing of it but how far it has come.
do $$
declare
  audit_table text;
begin
  foreach audit_table in array array['audit_archives', 'audit_streams', 'audit_watches'] loop
    execute format('create policy sealer on countersign.%I to countersign_sealer using (true) with check (true)', audit_table);
  end loop;
end $$;
revoke update, delete on countersign.audit_archives from countersign_app;
grant select on countersign.audit_archives, countersign.audit_watches to countersign_sealer;
grant select (id, organization_id, next_index, due_at) on countersign.audit_streams to countersign_sealer;
-- A cosignature is evidence.
revoke update, delete on countersign.audit_cosignatures from countersign_app;
revoke delete on countersign.organizations, countersign.people, countersign.approvals from countersign_app;
revoke update, delete on countersign.approval_decisions, countersign.approval_timeline, countersign.approval_revisions from countersign_app;
-- Whether a decision still counts is all that may change about it.
grant update (counts) on countersign.approval_decisions to countersign_app;
revoke update on countersign.directory from countersign_app;
revoke all on countersign.migrations from countersign_app;
grant select, insert, update on all tables in schema keyring to countersign_app;
grant select, update on countersign.outbox to countersign_relay;

-- A key is looked up before its organization is known. Runs as the owner, finds by the full hash only, and tells
-- nothing about anybody else.
create function countersign.authenticate(key_hash bytea)
returns table (
  key_id uuid, organization_id uuid, kind text, person_id uuid, team_id uuid, scopes text[],
  expires_at timestamptz, revoked_at timestamptz, active boolean, memberships jsonb
)
language sql stable security definer set search_path = ''
as $$
  select k.id, k.organization_id, k.kind, k.person_id, k.team_id, k.scopes, k.expires_at, k.revoked_at, coalesce(p.active, true),
    coalesce((select jsonb_agg(jsonb_build_object('team', m.team_id, 'roles', m.roles)) from countersign.memberships m where m.person_id = k.person_id), '[]')
  from countersign.api_keys k left join countersign.people p on p.id = k.person_id
  where k.hash = key_hash
$$;
revoke all on function countersign.authenticate(bytea) from public;
grant execute on function countersign.authenticate(bytea) to countersign_app;

-- Whoever checks the logs must know of organizations of whose log nothing is left. Runs as the owner, tells ids and nothing else.
create function countersign.organizations_to_check()
returns setof uuid
language sql stable security definer set search_path = ''
as $$
  select id from countersign.organizations union select organization_id from countersign.audit_cosignatures union select organization_id from countersign.audit_archives
$$;
revoke all on function countersign.organizations_to_check() from public;
grant execute on function countersign.organizations_to_check() to countersign_sealer;

-- What is only kept for a while is forgotten for every organization at once. Runs as the owner, by the database's own clock:
-- whoever could say what time it is could have everything forgotten.
create function countersign.forget_expired()
returns bigint
language sql volatile security definer set search_path = ''
as $$
  with answers as (delete from countersign.idempotent_requests where created_at < now() - interval '7 days' returning 1),
    codes as (delete from countersign.step_up_codes where expires_at < now() - interval '1 day' returning 1),
    deliveries as (delete from countersign.webhook_deliveries where created_at < now() - interval '90 days' and state <> 'pending' returning 1),
    sessions as (delete from countersign.sessions where expires_at < now() - interval '30 days' returning hash),
    sign_ins as (delete from countersign.sign_in_links where expires_at < now() - interval '30 days' returning hash),
    ways_in as (delete from countersign.directory d using (select hash from sessions union all select hash from sign_ins) gone
      where d.kind in ('session', 'sign_in_link') and d.hash = gone.hash returning 1),
    links as (delete from countersign.approval_links l using countersign.approvals a
      where a.id = l.approval_id and a.decided_at < now() - interval '1 year' returning l.id),
    addresses as (delete from countersign.directory d using links where d.kind = 'approval_link' and d.target_id = links.id returning 1),
    messages as (delete from countersign.outbox where failed_at < now() - interval '90 days' returning 1),
    -- A bundle may tell about whoever was erased after it was begun.
    gone_exports as (select organization_id, id from countersign.audit_exports e where e.expires_at < now()
      or (e.state = 'ready' and exists (select from keyring.subject_keys k where k.organization_id = e.organization_id and k.destroyed_at >= e.created_at))),
    chunks as (delete from countersign.audit_export_chunks c using gone_exports e where e.organization_id = c.organization_id and e.id = c.export_id),
    exports as (delete from countersign.audit_exports x using gone_exports e where e.organization_id = x.organization_id and e.id = x.id returning 1)
  select (select count(*) from exports) + (select count(*) from answers) + (select count(*) from codes) + (select count(*) from deliveries) + (select count(*) from messages)
    + (select count(*) from ways_in) + (select count(*) from addresses)
$$;
revoke all on function countersign.forget_expired() from public;
grant execute on function countersign.forget_expired() to countersign_app;

-- What was recorded stays as it is, whoever asks: the owner of the tables, too, has to take the trigger away first.
create function countersign.refuse_change()
returns trigger
language plpgsql set search_path = ''
as $$
begin
  raise exception 'countersign.% takes new rows only', tg_table_name using errcode = 'insufficient_privilege';
end
$$;
revoke all on function countersign.refuse_change() from public;
do $$
declare
  audit_table text;
begin
  foreach audit_table in array array['audit_entries', 'audit_leaves', 'audit_checkpoints'] loop
    execute format('create trigger insert_only before update or delete on countersign.%I for each row execute function countersign.refuse_change()', audit_table);
    execute format('create trigger never_emptied before truncate on countersign.%I execute function countersign.refuse_change()', audit_table);
  end loop;
end $$;

-- A month's entries have a partition of their own, which can be archived and dropped. Entries are reached through the parent
-- table alone: nobody is granted anything on a partition, and its row-level security lets nobody but the owner in.
create function countersign.make_audit_partition(name text, bounds text)
returns void
language plpgsql volatile set search_path = ''
as $$
begin
  execute format('create table countersign.%I (like countersign.audit_entries including all)', name);
  perform countersign.keep_to_owner(format('countersign.%I', name)::regclass);
  execute format('create trigger never_emptied before truncate on countersign.%I execute function countersign.refuse_change()', name);
  -- Attached rather than made in place: writers go on meanwhile.
  execute format('alter table countersign.audit_entries attach partition countersign.%I %s', name, bounds);
end
$$;
revoke all on function countersign.make_audit_partition(text, text) from public;

-- Makes the partitions of this month and the three that follow, where they are missing. Runs as the owner, takes nothing. A
-- month of which the default partition holds entries already keeps them there.
create function countersign.make_audit_partitions()
returns int
language plpgsql volatile security definer set search_path = '' set lock_timeout = '5s' set timezone = 'UTC'
as $$
declare
  first timestamptz := date_trunc('month', now());
  month timestamptz;
  following timestamptz;
  name text;
  made int := 0;
begin
  perform pg_advisory_xact_lock(7266834);
  for ahead in 0..3 loop
    month := first + make_interval(months => ahead);
    following := first + make_interval(months => ahead + 1);
    name := 'audit_entries_' || to_char(month, 'YYYY_MM');
    continue when to_regclass('countersign.' || name) is not null;
    continue when exists (select from countersign.audit_entries_default e where e.at >= month and e.at < following);
    perform countersign.make_audit_partition(name, format('for values from (%L) to (%L)', month, following));
    made := made + 1;
  end loop;
  return made;
end
$$;
revoke all on function countersign.make_audit_partitions() from public;
grant execute on function countersign.make_audit_partitions() to countersign_app;

select countersign.make_audit_partition('audit_entries_default', 'default');
select countersign.make_audit_partitions();

-- The months of which entries had no partition to go to: they are never archived. Runs as the owner, since nobody else reaches a
-- partition by itself; tells months and counts.
create function countersign.stray_audit_months()
returns table (month text, entries bigint)
language sql stable security definer set search_path = '' set timezone = 'UTC'
as $$
  select to_char(e.at, 'YYYY-MM'), count(*) from countersign.audit_entries_default e group by 1 order by 1
$$;
revoke all on function countersign.stray_audit_months() from public;
grant execute on function countersign.stray_audit_months() to countersign_sealer;

create trigger insert_only before update or delete on countersign.audit_cosignatures for each row execute function countersign.refuse_change();
create trigger never_emptied before truncate on countersign.audit_cosignatures execute function countersign.refuse_change();

create trigger insert_only before update or delete on countersign.audit_archives for each row execute function countersign.refuse_change();
create trigger never_emptied before truncate on countersign.audit_archives execute function countersign.refuse_change();

-- Drops the entries of a month, once every one of them stands in a file that was verified (`audit_archives`). Runs as the owner,
-- for the sealer alone; can drop nothing else. False where there is no such partition (any more).
create function countersign.drop_audit_partition(month text)
returns boolean
language plpgsql volatile security definer set search_path = '' set lock_timeout = '200ms' set timezone = 'UTC'
as $$
declare
  name text := 'audit_entries_' || replace(month, '-', '_');
  missing bigint;
begin
  if month !~ '^[0-9]{4}-(0[1-9]|1[0-2])$' then
    raise exception 'a month is written like 2026-01' using errcode = 'invalid_parameter_value';
  end if;
  if not exists (select from pg_catalog.pg_inherits where inhparent = 'countersign.audit_entries'::regclass and inhrelid = to_regclass('countersign.' || name)) then
    return false;
  end if;
  -- What is checked stays as it is; other months are written to and read while it is checked.
  execute format('lock table countersign.%I in share mode', name);
  execute format(
    'select count(*) from countersign.%I e where not exists (
       select from countersign.audit_leaves l join countersign.audit_archives a on a.organization_id = l.organization_id and l.leaf_index >= a.first_index and l.leaf_index < a.end_index
       where l.organization_id = e.organization_id and l.entry_id = e.id and l.at = e.at and a.month = $1)', name) into missing using month;
  if missing > 0 then
    raise exception '% entries of this month are in no archive', missing using errcode = 'object_not_in_prerequisite_state';
  end if;
  -- Takes the parent table for itself (ACCESS EXCLUSIVE): until it gets it, whoever writes or reads any entry waits behind it.
  -- Hence the short lock_timeout; who calls this tries again.
  execute format('alter table countersign.audit_entries detach partition countersign.%I', name);
  execute format('drop table countersign.%I', name);
  return true;
end
$$;
revoke all on function countersign.drop_audit_partition(text) from public;
grant execute on function countersign.drop_audit_partition(text) to countersign_sealer;
