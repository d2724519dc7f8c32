create table countersign.budgets (
  id uuid not null,
  organization_id uuid not null,
  team_id uuid not null,
  person_id uuid null,
  provider text null,
  model text null,
  name varchar(255) not null,
  amount numeric(38,12) not null,
  currency text not null,
  period varchar(255) not null,
  timezone varchar(255) null,
  warning_threshold numeric(7,2) null,
  exceeded_action varchar(255) null,
  version int not null default 1,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  retired_at timestamptz null,
  due_at timestamptz null,
  count_anew boolean not null default false,
  primary key (id)
);
create index budgets_due on countersign.budgets (due_at) where retired_at is null;
alter table countersign.budgets add constraint budgets_organization_id_id_unique unique (organization_id, id);
alter table countersign.budgets add constraint budgets_organization_id_team_id_name_unique
  unique (organization_id, team_id, name);

create table countersign.budget_books (
  id uuid not null,
  organization_id uuid not null,
  version int not null,
  primary key (id)
);

create table countersign.budget_periods (
  id uuid not null,
  organization_id uuid not null,
  budget_id uuid not null,
  currency text not null,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  limit_amount numeric(38,12) not null,
  limit_until timestamptz null,
  warn_at numeric(38,12) null,
  exceeded_action varchar(255) not null,
  free_models text[] not null,
  ceiling numeric(38,12) not null,
  settled numeric(38,12) not null,
  other_currencies text[] not null default '{}',
  held numeric(38,12) not null default 0,
  leased numeric(38,12) not null default 0,
  shares int not null default 0,
  escrow boolean not null default false,
  recall_due boolean not null default false,
  noted int not null default 0,
  refused_at timestamptz null,
  refused_amount numeric(38,12) null,
  measure varchar(255) null,
  created_at timestamptz not null,
  primary key (id)
);
create index budget_periods_recall_due on countersign.budget_periods (id) where recall_due;
alter table countersign.budget_periods add constraint budget_periods_budget_id_starts_at_ends_at_unique
  unique (budget_id, starts_at, ends_at);
alter table countersign.budget_periods add constraint budget_periods_organization_id_id_unique unique (organization_id, id);
alter table countersign.budget_periods add constraint budget_periods_budget_id_fkey
  foreign key (organization_id, budget_id) references countersign.budgets (organization_id, id);

create table countersign.budget_leases (
  id uuid not null,
  organization_id uuid not null,
  period_id uuid not null,
  team_id uuid not null,
  granted numeric(38,12) not null default 0,
  settled numeric(38,12) not null default 0,
  held numeric(38,12) not null default 0,
  primary key (id)
);
alter table countersign.budget_leases add constraint budget_leases_period_id_team_id_unique unique (period_id, team_id);

create table countersign.budget_overrides (
  id uuid not null,
  organization_id uuid not null,
  budget_id uuid not null,
  period_id uuid not null,
  amount numeric(38,12) not null,
  until timestamptz null,
  reason bytea not null,
  actor_id uuid null,
  approval_id uuid null,
  created_at timestamptz not null,
  primary key (id)
);
create index budget_overrides_period_id_index on countersign.budget_overrides (period_id);

create table countersign.reservations (
  id uuid not null,
  organization_id uuid not null,
  request bytea not null,
  team_id uuid not null,
  person_id uuid not null,
  provider text null,
  model text null,
  amount numeric(38,12) not null,
  currency text not null,
  state varchar(255) not null default 'held',
  periods uuid[] not null,
  rates numeric[] null,
  leases uuid[] not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  closed_at timestamptz null,
  settlement bytea null,
  cost numeric(38,12) null,
  late boolean not null default false,
  above_hold boolean not null default false,
  primary key (id)
);
create index reservations_held on countersign.reservations (expires_at, organization_id) where state = 'held';

-- Rows that change with every call stay on their page (a heap-only update), so that no index of theirs grows.
alter table countersign.budget_periods set (fillfactor = 20);
alter table countersign.budget_leases set (fillfactor = 20);
alter table countersign.reservations set (fillfactor = 80);

select countersign.isolate_organizations(
  'countersign.budgets',
  'countersign.budget_books',
  'countersign.budget_periods',
  'countersign.budget_leases',
  'countersign.budget_overrides',
  'countersign.reservations'
);
grant select, insert, update on
  countersign.budgets, countersign.budget_books, countersign.budget_periods, countersign.budget_leases,
  countersign.reservations
  to countersign_app;
grant select, insert on countersign.budget_overrides to countersign_app;
