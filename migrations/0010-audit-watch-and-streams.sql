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
alter table countersign.audit_access_states add constraint audit_access_states_person_id_fkey
  foreign key (organization_id, person_id) references countersign.people (organization_id, id);

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

select countersign.isolate_organizations(
  'countersign.audit_watches',
  'countersign.audit_access_states',
  'countersign.audit_streams'
);
grant select, insert, update, delete on
  countersign.audit_watches, countersign.audit_access_states, countersign.audit_streams
  to countersign_app;

-- Whoever follows the logs looks across organizations for what there is to do, and sees nothing of it but how far it has come.
create policy sealer on countersign.audit_watches to countersign_sealer using (true) with check (true);
create policy sealer on countersign.audit_streams to countersign_sealer using (true) with check (true);
grant select on countersign.audit_watches to countersign_sealer;
grant select (id, organization_id, next_index, due_at) on countersign.audit_streams to countersign_sealer;
