-- Keys are destroyed, never deleted.
create table keyring.subject_keys (
  id uuid not null,
  organization_id uuid not null,
  wrapped bytea null,
  created_at timestamptz not null,
  destroyed_at timestamptz null,
  primary key (id)
);

select countersign.isolate_organizations('keyring.subject_keys');
grant select, insert, update on keyring.subject_keys to countersign_app;

create table countersign.directory (
  kind varchar(255) not null,
  hash bytea not null,
  organization_id uuid not null,
  target_id uuid not null,
  primary key (kind, hash, organization_id, target_id)
);

-- The directory is looked up before the organization is known; entries are added and removed when it is.
select countersign.isolate_organizations('countersign.directory');
create policy look_up on countersign.directory for select to countersign_app using (true);
grant select, insert, delete on countersign.directory to countersign_app;

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
alter table countersign.idempotent_requests add constraint idempotent_requests_api_key_id_key_hash_unique
  unique (api_key_id, key_hash);

select countersign.isolate_organizations('countersign.idempotent_requests');
grant select, insert, update, delete on countersign.idempotent_requests to countersign_app;
