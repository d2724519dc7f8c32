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
alter table countersign.api_keys add constraint api_keys_team_id_fkey
  foreign key (organization_id, team_id) references countersign.teams (organization_id, id);
alter table countersign.api_keys add constraint api_keys_person_id_fkey
  foreign key (organization_id, person_id) references countersign.people (organization_id, id);

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
alter table countersign.sign_in_links add constraint sign_in_links_person_id_fkey
  foreign key (organization_id, person_id) references countersign.people (organization_id, id);

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
alter table countersign.sessions add constraint sessions_person_id_fkey
  foreign key (organization_id, person_id) references countersign.people (organization_id, id);

select countersign.isolate_organizations('countersign.api_keys', 'countersign.sign_in_links', 'countersign.sessions');
grant select, insert, update, delete on countersign.api_keys, countersign.sign_in_links, countersign.sessions to countersign_app;

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
    coalesce((
      select jsonb_agg(jsonb_build_object('team', m.team_id, 'roles', m.roles))
      from countersign.memberships m where m.person_id = k.person_id
    ), '[]')
  from countersign.api_keys k left join countersign.people p on p.id = k.person_id
  where k.hash = key_hash
$$;
revoke all on function countersign.authenticate(bytea) from public;
grant execute on function countersign.authenticate(bytea) to countersign_app;
