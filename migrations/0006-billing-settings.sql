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
alter table countersign.billing_settings add constraint billing_settings_team_id_fkey
  foreign key (organization_id, team_id) references countersign.teams (organization_id, id);

-- Who bears a team's cost, from a moment on: a month that is over goes on being divided as it was at its end.
create table countersign.cost_settings_versions (
  id uuid not null,
  organization_id uuid not null,
  team_id uuid not null,
  version int not null,
  settings jsonb not null,
  sharers text[] null,
  holds_from timestamptz not null,
  primary key (id)
);
alter table countersign.cost_settings_versions add constraint cost_settings_versions_organization_id_team_id_version_unique
  unique (organization_id, team_id, version);
alter table countersign.cost_settings_versions add constraint cost_settings_versions_team_id_fkey
  foreign key (organization_id, team_id) references countersign.teams (organization_id, id);
-- By the sharers themselves none would be used: row-level security has an index compare only what leaks nothing.
create index cost_settings_versions_pools on countersign.cost_settings_versions (organization_id) where sharers is not null;

select countersign.isolate_organizations('countersign.billing_settings', 'countersign.cost_settings_versions');
grant select, insert, update, delete on countersign.billing_settings to countersign_app;
grant select, insert on countersign.cost_settings_versions to countersign_app;
