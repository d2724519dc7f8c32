create table countersign.usage_reports (
  id uuid not null,
  organization_id uuid not null,
  team_id uuid not null,
  frequency varchar(255) not null,
  first_day date not null,
  timezone varchar(255) not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  created_at timestamptz not null,
  primary key (id)
);
alter table countersign.usage_reports add constraint usage_reports_once unique (organization_id, team_id, frequency, first_day);
alter table countersign.usage_reports add constraint usage_reports_team_id_fkey
  foreign key (organization_id, team_id) references countersign.teams (organization_id, id);

select countersign.isolate_organizations('countersign.usage_reports');
-- A report that was sent has been sent.
grant select, insert on countersign.usage_reports to countersign_app;

-- The teams whose usage is reported to somebody, of every organization, for whoever sees to it that each has its Schedule.
-- Opaque ids, and nothing of what is set.
create function countersign.teams_with_reporting()
returns table (organization_id uuid, team_id uuid)
language sql stable security definer set search_path = ''
as $$
  select s.organization_id, s.team_id from countersign.billing_settings s
  where s.settings #>> '{reporting,frequency}' is not null and s.settings #>> '{reporting,sealed_recipients}' is not null
  order by 1, 2
$$;
revoke all on function countersign.teams_with_reporting() from public;
grant execute on function countersign.teams_with_reporting() to countersign_app;
