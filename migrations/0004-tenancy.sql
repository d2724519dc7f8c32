create table countersign.organizations (
  id uuid not null,
  name text not null,
  settings jsonb not null,
  version int not null default 1,
  created_at timestamptz not null,
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
alter table countersign.calendar_versions add constraint calendar_versions_organization_id_name_version_unique
  unique (organization_id, name, version);

-- A reference never leaves its organization, whatever the application does.
alter table countersign.teams add constraint teams_parent_id_fkey
  foreign key (organization_id, parent_id) references countersign.teams (organization_id, id);
alter table countersign.memberships add constraint memberships_person_id_fkey
  foreign key (organization_id, person_id) references countersign.people (organization_id, id);
alter table countersign.memberships add constraint memberships_manager_id_fkey
  foreign key (organization_id, manager_id) references countersign.people (organization_id, id);
alter table countersign.absences add constraint absences_person_id_fkey
  foreign key (organization_id, person_id) references countersign.people (organization_id, id);
alter table countersign.absences add constraint absences_delegate_id_fkey
  foreign key (organization_id, delegate_id) references countersign.people (organization_id, id);

select countersign.isolate_organizations(
  'countersign.teams',
  'countersign.people',
  'countersign.memberships',
  'countersign.absences',
  'countersign.calendar_versions'
);

select countersign.keep_to_owner('countersign.organizations');
create policy organization on countersign.organizations to countersign_app
  using (id = nullif(current_setting('app.organization', true), '')::uuid)
  with check (id = nullif(current_setting('app.organization', true), '')::uuid);

grant select, insert, update on countersign.organizations, countersign.people to countersign_app;
grant select, insert, update, delete on
  countersign.teams, countersign.memberships, countersign.absences, countersign.calendar_versions
  to countersign_app;
