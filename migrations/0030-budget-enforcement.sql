-- The limit is held by `reserve` alone. What the enforcement does besides stands in `budget_periods.measure`: nothing goes on
-- while a period is suspended, and free models only while it is restricted, also where a correction has made room since.

create table countersign.budget_measures (
  id uuid not null,
  organization_id uuid not null,
  period_id uuid not null,
  kind varchar(255) not null,
  state varchar(255) not null,
  approval_id uuid null,
  amount numeric(38,12) null,
  created_at timestamptz not null,
  ended_at timestamptz null,
  primary key (id)
);
create index budget_measures_period_id_index on countersign.budget_measures (period_id);
create unique index budget_measures_in_force on countersign.budget_measures (period_id) where state = 'in_force';
alter table countersign.budget_measures add constraint budget_measures_period_id_fkey
  foreign key (organization_id, period_id) references countersign.budget_periods (organization_id, id);

create table countersign.budget_alerts (
  id uuid not null,
  organization_id uuid not null,
  budget_id uuid not null,
  period_id uuid not null,
  type varchar(255) not null,
  threshold numeric(7,2) not null,
  spent numeric(38,12) not null,
  limit_amount numeric(38,12) not null,
  created_at timestamptz not null,
  acknowledged_at timestamptz null,
  acknowledged_by_id uuid null,
  primary key (id)
);
create index budget_alerts_current on countersign.budget_alerts (budget_id) where acknowledged_at is null;
alter table countersign.budget_alerts add constraint budget_alerts_budget_id_fkey
  foreign key (organization_id, budget_id) references countersign.budgets (organization_id, id);

select countersign.isolate_organizations('countersign.budget_measures', 'countersign.budget_alerts');
grant select, insert, update on countersign.budget_measures, countersign.budget_alerts to countersign_app;

-- Has the enforcement look again because terms of a period have changed; where nothing was crossed, there is nothing to look at.
create function countersign.tell_of_budget_terms(in_periods uuid[], in_now timestamptz)
returns void
language sql volatile
as $$
  insert into countersign.outbox (id, organization_id, channel, reference, created_at, due_at)
  select gen_random_uuid(), p.organization_id, 'budget',
    jsonb_build_object('type', 'terms-changed', 'budget', p.budget_id, 'period', p.id), in_now, in_now
  from countersign.budget_periods p
  where p.id = any(in_periods) and p.ends_at > in_now
    and (
      p.noted > 0 or p.refused_at is not null
      or exists (select from countersign.budget_measures m where m.period_id = p.id)
    )
$$;

-- What is written into the outbox from here is announced from here: the relay need not wait for its next look.
create function countersign.ring_for_budgets()
returns trigger
language plpgsql
as $$
begin
  perform pg_notify('countersign_outbox', '');
  return null;
end $$;
create trigger ring_for_budgets after insert on countersign.outbox
  for each row when (new.channel = 'budget') execute function countersign.ring_for_budgets();
