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
  constraint audit_entries_leaf_check check (
    (leaf::jsonb ->> 'id')::uuid = id
    and (leaf::jsonb ->> 'organization')::uuid = organization_id
    and (leaf::jsonb ->> 'at')::timestamptz = "at"
  )
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

select countersign.isolate_organizations('countersign.audit_entries', 'countersign.audit_pending');
-- The sealer works for all organizations at once.
create policy sealer on countersign.audit_entries to countersign_sealer using (true) with check (true);
create policy sealer on countersign.audit_pending to countersign_sealer using (true) with check (true);

-- The audit log cannot be rewritten.
grant select, insert on countersign.audit_entries, countersign.audit_pending to countersign_app;
grant select on countersign.audit_entries to countersign_sealer;
grant select, delete on countersign.audit_pending to countersign_sealer;

create trigger insert_only before update or delete on countersign.audit_entries
  for each row execute function countersign.refuse_change();
create trigger never_emptied before truncate on countersign.audit_entries execute function countersign.refuse_change();

-- A month's entries have a partition of their own, which can be archived and dropped. Entries are reached through the parent
-- table alone: nobody is granted anything on a partition, and its row-level security lets nobody but the owner in.
create function countersign.make_audit_partition(name text, bounds text)
returns void
language plpgsql volatile set search_path = ''
as $$
begin
  execute format('create table countersign.%I (like countersign.audit_entries including all)', name);
  perform countersign.keep_to_owner(format('countersign.%I', name)::regclass);
  execute format(
    'create trigger never_emptied before truncate on countersign.%I execute function countersign.refuse_change()', name
  );
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
