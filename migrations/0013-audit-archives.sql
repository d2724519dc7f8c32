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

select countersign.isolate_organizations('countersign.audit_archives');
create policy sealer on countersign.audit_archives to countersign_sealer using (true) with check (true);
grant select, insert on countersign.audit_archives to countersign_app;
grant select on countersign.audit_archives to countersign_sealer;

create trigger insert_only before update or delete on countersign.audit_archives
  for each row execute function countersign.refuse_change();
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
  if not exists (
    select from pg_catalog.pg_inherits
    where inhparent = 'countersign.audit_entries'::regclass and inhrelid = to_regclass('countersign.' || name)
  ) then
    return false;
  end if;
  -- What is checked stays as it is; other months are written to and read while it is checked.
  execute format('lock table countersign.%I in share mode', name);
  execute format(
    'select count(*) from countersign.%I e where not exists (
       select from countersign.audit_leaves l
       join countersign.audit_archives a
         on a.organization_id = l.organization_id and l.leaf_index >= a.first_index and l.leaf_index < a.end_index
       where l.organization_id = e.organization_id and l.entry_id = e.id and l.at = e.at and a.month = $1)',
    name
  ) into missing using month;
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
