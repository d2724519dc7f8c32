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
alter table countersign.approval_intents add constraint approval_intents_approval_id_fkey
  foreign key (organization_id, approval_id) references countersign.approvals (organization_id, id);

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
alter table countersign.approval_links add constraint approval_links_approval_id_fkey
  foreign key (organization_id, approval_id) references countersign.approvals (organization_id, id);

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
alter table countersign.step_up_codes add constraint step_up_codes_approval_id_fkey
  foreign key (organization_id, approval_id) references countersign.approvals (organization_id, id);

select countersign.isolate_organizations(
  'countersign.approval_intents',
  'countersign.approval_links',
  'countersign.step_up_codes'
);
grant select, insert, update, delete on
  countersign.approval_intents, countersign.approval_links, countersign.step_up_codes
  to countersign_app;
