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
