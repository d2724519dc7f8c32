-- ==== names of models ====

-- The name of a model without the date of its snapshot: the twin of src/usage/rules/model-names.ts, which says whose dates
-- they are. The planner puts these three functions' text in their place: each is one expression, without settings of its own.
create function countersign.undated_model(in_name text) returns text language sql immutable as $$
  select regexp_replace(in_name, '(-20[0-9]{2}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])|(@|-)20[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])|-20[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])-v[0-9]+:[0-9]+)$', '')
$$;

-- Whether what is set for one name holds for a call that was reported with another. The pattern is looked for only where the
-- one begins with the other, and in the rest.
create function countersign.is_model(in_wanted text, in_reported text) returns boolean language sql immutable as $$
  select in_reported = in_wanted or starts_with(in_reported, in_wanted) and countersign.undated_model(substr(in_reported, length(in_wanted) + 1)) = ''
$$;

-- The same for several names.
create function countersign.is_one_of_models(in_wanted text[], in_reported text) returns boolean language sql immutable as $$
  select in_reported = any(in_wanted) or cardinality(in_wanted) > 0 and countersign.undated_model(in_reported) = any(in_wanted)
$$;

-- ==== end of names of models ====

-- ==== usage ====

-- Months of the ledger: they are reached through `countersign.ledger_lines` only, and its policies hold.
create schema ledger;

create table countersign.usage_ids (
  organization_id uuid not null,
  key uuid not null,
  content uuid not null,
  batch uuid not null,
  occurred_at timestamptz not null,
  primary key (organization_id, key)
);
create index usage_ids_occurred_at_index on countersign.usage_ids using brin (occurred_at);

create table countersign.ledger_lines (
  id uuid not null,
  organization_id uuid not null,
  team_id uuid not null,
  person_id uuid not null,
  provider text not null,
  model text not null,
  kind text not null,
  input_tokens bigint not null,
  cached_input_tokens bigint not null,
  cache_write_tokens bigint not null,
  input_audio_tokens bigint not null,
  output_tokens bigint not null,
  reasoning_tokens bigint not null,
  output_audio_tokens bigint not null,
  other_tokens jsonb null,
  batched boolean not null,
  service_tier text null,
  cost numeric(38,12) null,
  currency text not null,
  stated_cost numeric(38,12) null,
  stated_currency text null,
  price_version text null,
  priced_by text null,
  latency_ms int null,
  success boolean not null,
  occurred_at timestamptz not null,
  recorded_at timestamptz not null,
  corrects uuid null,
  batch uuid not null,
  primary key (organization_id, id, occurred_at)
) partition by range (occurred_at);
create index ledger_lines_occurred_at_index on countersign.ledger_lines using brin (occurred_at);
create index ledger_lines_corrects on countersign.ledger_lines (corrects) where corrects is not null;

create table countersign.usage_rollups (
  organization_id uuid not null,
  team_id uuid not null,
  hour timestamptz not null,
  person_id uuid not null,
  provider text not null,
  model text not null,
  currency text not null,
  events bigint not null,
  failures bigint not null,
  unpriced bigint not null,
  input_tokens bigint not null,
  cached_input_tokens bigint not null,
  cache_write_tokens bigint not null,
  input_audio_tokens bigint not null,
  output_tokens bigint not null,
  reasoning_tokens bigint not null,
  output_audio_tokens bigint not null,
  cost numeric(38,12) not null,
  latency_count bigint not null,
  latency_sum bigint not null,
  latency_buckets bigint[] not null,
  primary key (organization_id, team_id, hour, person_id, provider, model, currency)
) with (fillfactor = 60); -- Rows of the current hour change all the time; with room beside them, no index does.

-- The same by days of UTC: a month of them is read in a twentieth of the time.
create table countersign.usage_days (
  organization_id uuid not null,
  team_id uuid not null,
  day timestamptz not null,
  person_id uuid not null,
  provider text not null,
  model text not null,
  currency text not null,
  events bigint not null,
  failures bigint not null,
  unpriced bigint not null,
  input_tokens bigint not null,
  cached_input_tokens bigint not null,
  cache_write_tokens bigint not null,
  input_audio_tokens bigint not null,
  output_tokens bigint not null,
  reasoning_tokens bigint not null,
  output_audio_tokens bigint not null,
  cost numeric(38,12) not null,
  latency_count bigint not null,
  latency_sum bigint not null,
  latency_buckets bigint[] not null,
  primary key (organization_id, team_id, day, person_id, provider, model, currency)
) with (fillfactor = 60);

create table countersign.price_rates (
  id uuid not null,
  organization_id uuid not null,
  provider text not null,
  model text not null,
  version int not null,
  rates jsonb not null,
  effective_from timestamptz not null,
  created_at timestamptz not null,
  primary key (id)
);
alter table countersign.price_rates add constraint price_rates_organization_id_provider_model_version_unique unique (organization_id, provider, model, version);

create table countersign.exchange_rates (
  id uuid not null,
  organization_id uuid not null,
  from_currency text not null,
  to_currency text not null,
  version int not null,
  rate numeric(38,12) not null,
  effective_from timestamptz not null,
  created_at timestamptz not null,
  primary key (id)
);
create index exchange_rates_begin on countersign.exchange_rates (organization_id, from_currency, effective_from);
alter table countersign.exchange_rates add constraint exchange_rates_organization_id_from_currency_to_c_13bf6_unique unique (organization_id, from_currency, to_currency, version);

create table countersign.reratings (
  id uuid not null,
  organization_id uuid not null,
  provider text null,
  model text null,
  occurred_from timestamptz not null,
  reached uuid null,
  joined_to uuid null,
  created_at timestamptz not null,
  primary key (id)
);
create index reratings_organization_id_index on countersign.reratings (organization_id);

-- A line of the ledger has a rollup of the same team and person, so that these references hold for both; checked when a
-- rollup is made, not for every line.
alter table countersign.usage_rollups add constraint usage_rollups_team_id_fkey foreign key (organization_id, team_id) references countersign.teams (organization_id, id);
alter table countersign.usage_rollups add constraint usage_rollups_person_id_fkey foreign key (organization_id, person_id) references countersign.people (organization_id, id);

select countersign.isolate_organizations(
  'countersign.usage_ids',
  'countersign.ledger_lines',
  'countersign.usage_rollups',
  'countersign.usage_days',
  'countersign.price_rates',
  'countersign.exchange_rates',
  'countersign.reratings'
);

-- What was booked or agreed stays as it is: a mistake is corrected by another row.
grant select, insert on countersign.usage_ids, countersign.ledger_lines, countersign.price_rates, countersign.exchange_rates to countersign_app;
grant select, insert, update on countersign.usage_rollups, countersign.usage_days to countersign_app;
grant select, insert, update, delete on countersign.reratings to countersign_app;

create trigger append_only before update or delete on countersign.ledger_lines for each row execute function countersign.refuse_change();

-- The months of the ledger live apart: nobody is granted anything on one, and its row-level security lets nobody but the owner in.
create function countersign.make_usage_partition(name text, bounds text)
returns void
language plpgsql volatile set search_path = ''
as $$
begin
  execute format('create table ledger.%I (like countersign.ledger_lines including defaults)', name);
  perform countersign.keep_to_owner(format('ledger.%I', name)::regclass);
  execute format('alter table countersign.ledger_lines attach partition ledger.%I %s', name, bounds);
end $$;
revoke all on function countersign.make_usage_partition(text, text) from public;
select countersign.make_usage_partition('lines_default', 'default');

-- Makes the months around now: those that may still be reported, and two ahead. Runs as the owner, by its clock, and takes
-- nothing. A month of which lines lie in the default partition already stays there. It waits for nobody who reads all months for
-- longer than that may hold up whoever comes after it: the next round tries again.
create function countersign.make_usage_partitions()
returns int
language plpgsql volatile security definer set search_path = '' set lock_timeout = '5s' set timezone = 'UTC'
as $$
declare
  month timestamptz;
  following timestamptz;
  name text;
  made int := 0;
begin
  perform pg_advisory_xact_lock(7266837);
  for month in select generate_series(date_trunc('month', now()) - interval '4 months', date_trunc('month', now()) + interval '2 months', interval '1 month') loop
    following := month + interval '1 month';
    name := to_char(month, '"lines_"YYYY_MM');
    continue when to_regclass('ledger.' || name) is not null;
    continue when exists (select from ledger.lines_default l where l.occurred_at >= month and l.occurred_at < following);
    perform countersign.make_usage_partition(name, format('for values from (%L) to (%L)', month, following));
    made := made + 1;
  end loop;
  return made;
end $$;
revoke all on function countersign.make_usage_partitions() from public;
grant execute on function countersign.make_usage_partitions() to countersign_app;
select countersign.make_usage_partitions();

-- The months of which lines had no partition to go to, of the first 100,000 of them. Runs as the owner, since nobody else reaches
-- a partition by itself; tells months and counts.
create function countersign.stray_usage_months()
returns table (month text, lines bigint)
language sql stable security definer set search_path = '' set timezone = 'UTC'
as $$
  select to_char(l.occurred_at, 'YYYY-MM'), count(*) from (select occurred_at from ledger.lines_default limit 100000) l group by 1 order by 1
$$;
revoke all on function countersign.stray_usage_months() from public;
grant execute on function countersign.stray_usage_months() to countersign_app;

-- Forgets some of the ids of events that are too old to be sent again. Runs as the owner, by its clock. Several may be at it.
create function countersign.forget_usage_ids(in_most int)
returns bigint
language sql volatile security definer set search_path = ''
as $$
  with gone as (
    delete from countersign.usage_ids where ctid = any(array(
      select ctid from countersign.usage_ids where occurred_at < now() - interval '120 days' limit in_most for update skip locked
    )) returning 1
  )
  select count(*) from gone
$$;
revoke all on function countersign.forget_usage_ids(int) from public;
grant execute on function countersign.forget_usage_ids(int) to countersign_app;

-- The public price lists that lines were priced with, for all organizations; those of the highest version are the ones that
-- count. A version is dotted numbers, compared number by number.
create table countersign.price_catalogues (
  version text not null,
  number int[] not null generated always as (string_to_array(split_part(version, '-', 1), '.')::int[]) stored,
  adopted_at timestamptz not null,
  primary key (version)
);
select countersign.keep_to_owner('countersign.price_catalogues');

-- Whether these are the price lists that count, or newer ones. Runs as the owner.
create function countersign.price_catalogue_counts(in_version text)
returns boolean
language sql volatile security definer set search_path = ''
as $$
  select not exists (select from countersign.price_catalogues where number > string_to_array(split_part(in_version, '-', 1), '.')::int[])
$$;
revoke all on function countersign.price_catalogue_counts(text) from public;
grant execute on function countersign.price_catalogue_counts(text) to countersign_app;

-- Has the lines of all organizations priced again where the price lists are newer than those before: processes of two versions
-- that run side by side would otherwise take turns. Runs as the owner. Lines that are older than whatever may still be reported
-- stay as they are.
create function countersign.adopt_price_catalogue(in_version text)
returns bigint
language plpgsql volatile security definer set search_path = ''
as $$
declare
  is_first boolean;
  concerned bigint;
begin
  perform pg_advisory_xact_lock(7266836);
  is_first := not exists (select from countersign.price_catalogues);
  if exists (select from countersign.price_catalogues where number >= string_to_array(split_part(in_version, '-', 1), '.')::int[]) then return 0; end if;
  insert into countersign.price_catalogues (version, adopted_at) values (in_version, clock_timestamp());
  if is_first then return 0; end if;
  with rerated as (
    insert into countersign.reratings (id, organization_id, provider, model, occurred_from, reached, created_at)
    select gen_random_uuid(), o.id, null, null, now() - interval '90 days', null, now() from countersign.organizations o
    returning id, organization_id
  ), told as (
    insert into countersign.outbox (id, organization_id, channel, reference, created_at, due_at)
    select gen_random_uuid(), organization_id, 'rating', jsonb_build_object('rerating', id), now(), now() from rerated
    returning 1
  )
  select count(*) into concerned from told;
  return concerned;
end $$;
revoke all on function countersign.adopt_price_catalogue(text) from public;
grant execute on function countersign.adopt_price_catalogue(text) to countersign_app;

-- What one unit of a currency was worth in another at a moment, as the organization books it. The rule is that of prices
-- (`versionAt` in src/usage/rules/rates.ts): of the versions that had begun by then, the newest. Null: there was none.
create function countersign.exchange_rate(in_from text, in_to text, in_at timestamptz) returns numeric language sql stable as $$
  select case when in_from = in_to then 1 else (
    select e.rate from countersign.exchange_rates e
    where e.organization_id = nullif(current_setting('app.organization', true), '')::uuid
      and e.from_currency = in_from and e.to_currency = in_to and e.effective_from <= in_at
    order by e.version desc limit 1
  ) end
$$;

-- An amount at an exchange rate, with as many digits as are kept. A half goes to the even neighbour, as where prices are
-- converted (`roundAmount` in src/platform/money.ts). Null without a rate.
create function countersign.converted(in_amount numeric, in_rate numeric) returns numeric language sql immutable as $$
  select case
    when in_rate = 1 then in_amount
    when abs(in_amount * in_rate - trunc(in_amount * in_rate, 12)) = 0.0000000000005 and trunc(in_amount * in_rate * 1000000000000) % 2 = 0 then trunc(in_amount * in_rate, 12)
    else round(in_amount * in_rate, 12)
  end
$$;

-- ==== end of usage ====

-- ==== budgets ====

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
  primary key (id)
);
create index budgets_due on countersign.budgets (due_at) where retired_at is null;
alter table countersign.budgets add constraint budgets_organization_id_id_unique unique (organization_id, id);
alter table countersign.budgets add constraint budgets_organization_id_team_id_name_unique unique (organization_id, team_id, name);

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
  measure varchar(255) null,
  created_at timestamptz not null,
  primary key (id)
);
create index budget_periods_recall_due on countersign.budget_periods (id) where recall_due;
alter table countersign.budget_periods add constraint budget_periods_budget_id_starts_at_ends_at_unique unique (budget_id, starts_at, ends_at);

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

alter table countersign.budget_periods add constraint budget_periods_budget_id_fkey foreign key (organization_id, budget_id) references countersign.budgets (organization_id, id);

select countersign.isolate_organizations(
  'countersign.budgets',
  'countersign.budget_books',
  'countersign.budget_periods',
  'countersign.budget_leases',
  'countersign.budget_overrides',
  'countersign.reservations'
);
grant select, insert, update on countersign.budgets, countersign.budget_books, countersign.budget_periods, countersign.budget_leases, countersign.reservations to countersign_app;
grant select, insert on countersign.budget_overrides to countersign_app;

-- How reservations stay exact. Whoever books takes the lock of the organization's books first (shared; whoever changes what
-- there is to book takes it alone), then locks rows in one order only: reservations by id, then leases by id, then periods by
-- id. A lease is a part of a period's limit that one team may spend without asking the period's row:
--   settled + held <= granted on every lease, and leased = the sum of granted on its period;
--   settled + held + leased <= limit on every hard period, unless money that was really spent says otherwise.
-- What a refusal needs to be right is gathered first: holds that ran out are freed, and what no team has used is recalled.
-- A period's row starts from what usage has booked, and with the holds that live; the lock below keeps that from happening
-- beside a spend or a reservation.

create function countersign.lock_budget_books(in_exclusive boolean) returns void language plpgsql volatile as $$
declare
  place constant int := hashtext(current_setting('app.organization', true));
begin
  if in_exclusive then perform pg_advisory_xact_lock(7266835, place);
  else perform pg_advisory_xact_lock_shared(7266835, place);
  end if;
end $$;

-- For those who see to every organization: the shared lock of one, where nobody has it alone. They come again.
create function countersign.try_budget_books(in_organization uuid) returns boolean language sql volatile as $$
  select pg_try_advisory_xact_lock_shared(7266835, hashtext(in_organization::text))
$$;

-- The next amount at which something has to be noted: up to there parts may be leased, since nobody sees their sum.
create function countersign.budget_lease_cap(in_noted int, in_warn_at numeric, in_limit numeric, in_settled numeric, in_action text) returns numeric language sql immutable as $$
  select case
    when in_noted = 0 and in_warn_at is not null then least(in_warn_at, in_limit)
    when in_noted < 2 or in_action <> 'notify' then in_limit
    else 2 * greatest(in_limit, in_settled)
  end
$$;

-- Tells once of each crossing, and says whether parts are to be recalled and whether there is room to lease. The periods are
-- locked by the caller.
create function countersign.note_budget_crossings(in_periods uuid[], in_now timestamptz) returns void language plpgsql volatile as $$
begin
  with crossed as (
    update countersign.budget_periods p set noted = case when p.settled >= p.limit_amount then 2 else 1 end
    where p.id = any(in_periods) and p.ends_at > in_now and (p.noted < 2 and p.settled >= p.limit_amount or p.noted < 1 and p.settled >= p.warn_at)
    returning p.id, p.organization_id, p.budget_id, p.noted
  )
  insert into countersign.outbox (id, organization_id, channel, reference, created_at, due_at)
  select gen_random_uuid(), c.organization_id, 'budget',
    jsonb_build_object('type', case c.noted when 2 then 'limit-reached' else 'warning-crossed' end, 'budget', c.budget_id, 'period', c.id), in_now, in_now
  from crossed c;

  with standing as (
    select p.id, p.escrow, p.settled + p.held + p.leased as used, p.settled + p.leased as certain, p.limit_amount,
      countersign.budget_lease_cap(p.noted, p.warn_at, p.limit_amount, p.settled, p.exceeded_action) as cap
    from countersign.budget_periods p where p.id = any(in_periods) and p.shares > 0
  ), judged as (
    select s.id, (s.escrow or s.cap - s.used > s.limit_amount / 20) and coalesce(p.measure, '') not in ('restricted', 'suspended') as escrow,
      p.leased > 0 and (s.certain >= s.cap or s.used > s.limit_amount and p.exceeded_action <> 'notify') as recall_due
    from standing s join countersign.budget_periods p on p.id = s.id
  ), changed as (
    update countersign.budget_periods p set escrow = j.escrow, recall_due = j.recall_due
    from judged j where p.id = j.id and (p.escrow, p.recall_due) is distinct from (j.escrow, j.recall_due)
    returning p.organization_id
  )
  update countersign.budget_books b set version = b.version + 1 where b.id in (select organization_id from changed);
end $$;

-- What a reservation holds on a period, in the currency of that: its amount at the rate it was put there with. Rates belong to
-- the first of its periods; the others, and those of a reservation without rates, are in its own currency. Leases always are.
create function countersign.hold_on(in_period uuid, in_amount numeric, in_periods uuid[], in_rates numeric[]) returns numeric language sql immutable as $$
  select case when in_rates is null then in_amount else countersign.converted(in_amount, coalesce(in_rates[array_position(in_periods, in_period)], 1)) end
$$;

-- Takes holds off the leases and periods they lie on. Everything is locked by the caller.
create function countersign.take_holds_off(in_reservations uuid[]) returns void language plpgsql volatile as $$
begin
  update countersign.budget_leases l set held = l.held - t.amount
  from (select lease, sum(r.amount) as amount from countersign.reservations r, unnest(r.leases) lease where r.id = any(in_reservations) group by lease) t
  where l.id = t.lease;
  update countersign.budget_periods p set held = p.held - t.amount
  from (
    select period, sum(countersign.hold_on(period, r.amount, r.periods, r.rates)) as amount
    from countersign.reservations r, unnest(r.periods) period where r.id = any(in_reservations) group by period
  ) t
  where p.id = t.period;
end $$;

-- Locks what the holds of these reservations lie on, leases before periods, and more of both.
create function countersign.lock_budget_rows(in_reservations uuid[], in_leases uuid[], in_periods uuid[]) returns void language plpgsql volatile as $$
declare
  all_leases uuid[] := in_leases || array(select unnest(leases) from countersign.reservations where id = any(in_reservations));
  all_periods uuid[] := in_periods || array(select unnest(periods) from countersign.reservations where id = any(in_reservations));
begin
  if cardinality(all_leases) > 0 then perform from countersign.budget_leases where id = any(all_leases) order by id for no key update; end if;
  if cardinality(all_periods) > 0 then perform from countersign.budget_periods where id = any(all_periods) order by id for no key update; end if;
end $$;

-- Brings together what a refusal has to be judged by, and locks it: frees the holds on these periods that have run out, and
-- takes back what no team has used of its part.
create function countersign.gather_budgets(in_periods uuid[], in_now timestamptz) returns void language plpgsql volatile as $$
declare
  parts constant uuid[] := array(select id from countersign.budget_leases where period_id = any(in_periods));
  expired uuid[];
begin
  perform countersign.lock_budget_books(false);
  with due as (
    select r.id from countersign.reservations r
    where r.state = 'held' and r.expires_at <= in_now and (r.periods && in_periods or r.leases && parts) order by r.id for update
  )
  select coalesce(array_agg(id), '{}') into expired from due;
  perform countersign.lock_budget_rows(expired, parts, in_periods);
  if cardinality(expired) > 0 then
    perform countersign.take_holds_off(expired);
    update countersign.reservations set state = 'expired', closed_at = in_now where id = any(expired);
  end if;
  if cardinality(parts) > 0 then
    update countersign.budget_periods p set settled = p.settled + t.settled, leased = p.leased - t.returned
    from (select period_id, sum(settled) as settled, sum(granted - held) as returned from countersign.budget_leases where id = any(parts) group by period_id) t
    where p.id = t.period_id and (t.settled <> 0 or t.returned <> 0);
    update countersign.budget_leases set granted = held, settled = 0 where id = any(parts) and (granted <> held or settled <> 0);
    with closed as (
      update countersign.budget_periods p set escrow = false
      where p.id = any(in_periods) and p.escrow
        and countersign.budget_lease_cap(p.noted, p.warn_at, p.limit_amount, p.settled, p.exceeded_action) - p.settled - p.held - p.leased <= p.limit_amount / 40
      returning p.organization_id
    )
    update countersign.budget_books b set version = b.version + 1 where b.id in (select organization_id from closed);
    perform countersign.note_budget_crossings(in_periods, in_now);
  end if;
end $$;

-- Has a period count the live holds of its budget's scope that it does not count yet: those from before it was begun. Called
-- under the exclusive lock, so that none is made or ended meanwhile.
-- One in another currency is counted at the rate of the moment in which it was made, and not at all where there was none.
create function countersign.adopt_holds(in_period uuid, in_teams uuid[], in_now timestamptz) returns void language plpgsql volatile as $$
begin
  with live as (
    select r.id, at_rate.rate
    from countersign.reservations r, countersign.budget_periods p join countersign.budgets b on b.id = p.budget_id,
      lateral (select case when r.currency = p.currency then 1 else countersign.exchange_rate(r.currency, p.currency, r.created_at) end as rate) at_rate
    where p.id = in_period and r.organization_id = p.organization_id and r.state = 'held' and r.expires_at > in_now and at_rate.rate is not null
      and (in_teams is null or r.team_id = any(in_teams)) and (b.person_id is null or b.person_id = r.person_id)
      and (b.provider is null or r.provider is null or b.provider = r.provider) and (b.model is null or r.model is null or countersign.is_model(b.model, r.model))
      and not (in_period = any(r.periods))
      and not exists (select from countersign.budget_leases l where l.period_id = in_period and l.id = any(r.leases))
    for update of r
  ), adopted as (
    update countersign.reservations r set periods = r.periods || in_period,
      rates = case when live.rate = 1 then r.rates
        else coalesce(r.rates, '{}') || array_fill(1::numeric, array[cardinality(r.periods) - coalesce(cardinality(r.rates), 0)]) || live.rate end
    from live where r.id = live.id returning countersign.converted(r.amount, live.rate) as amount
  )
  update countersign.budget_periods p set held = p.held + t.amount
  from (select sum(amount) as amount from adopted) t where p.id = in_period and t.amount > 0;
end $$;

-- What an id stands for already: `held` while that which is asked for again is held, else what became of it (`released`,
-- `expired`, `settled`); `conflict` where it was something else. Null: nothing.
create function countersign.reserved_before(in_id uuid, in_request bytea, in_now timestamptz, out outcome text, out held_amount numeric, out held_until timestamptz) language sql stable as $$
  select case when r.request <> in_request then 'conflict' when r.state = 'held' and r.expires_at <= in_now then 'expired' else r.state end, r.amount, r.expires_at
  from countersign.reservations r where r.id = in_id
$$;

-- Holds an amount on every budget that a call counts in, or says which of them it does not fit into. Outcomes: `held`, what
-- `reserved_before` says of an id that was used before, `stale` (the caller's list of periods is out of date), `again` (what
-- does not fit may fit once everything is gathered: call with in_gathered), `refused`, `inconvertible` (refused, since there
-- is no exchange rate to the currency of a hard budget). Leases are of budgets in the reservation's own currency.
create function countersign.reserve(
  in_id uuid, in_request bytea, in_team uuid, in_person uuid, in_provider text, in_model text, in_amount numeric, in_currency text,
  in_now timestamptz, in_expires_at timestamptz, in_periods uuid[], in_leases uuid[], in_version int, in_gathered boolean,
  out outcome text, out held_amount numeric, out held_until timestamptz, out refused_by uuid[], out suspended boolean
) language plpgsql volatile as $$
declare
  own_organization constant uuid := current_setting('app.organization', true);
  direct uuid[] := in_periods;
  parts uuid[] := in_leases;
  short uuid[] := '{}';
  topped uuid[] := '{}';
  grants numeric[] := '{}';
  misfits uuid[] := '{}';
  inconvertible uuid[];
  converted_periods uuid[];
  rates numeric[];
  recallable boolean := false;
  account record;
begin
  perform countersign.lock_budget_books(false);

  -- The way that most calls below a shared budget go: whatever is in its way is found out below.
  if not in_gathered and cardinality(direct) = 0 and cardinality(parts) = 1 then
    update countersign.budget_leases l set held = l.held + in_amount
    from countersign.budget_periods p, countersign.budget_books b
    where l.id = parts[1] and l.granted - l.settled - l.held >= in_amount and b.id = own_organization and b.version = in_version
      and p.id = l.period_id and p.escrow and not p.recall_due and in_now >= p.starts_at and in_now < p.ends_at and (p.limit_until is null or in_now < p.limit_until);
    if found then
      insert into countersign.reservations (id, organization_id, request, team_id, person_id, provider, model, amount, currency, periods, leases, created_at, expires_at)
      values (in_id, own_organization, in_request, in_team, in_person, in_provider, in_model, in_amount, in_currency, direct, parts, in_now, in_expires_at)
      on conflict (id) do nothing;
      if found then
        outcome := 'held';
        held_amount := in_amount;
        held_until := in_expires_at;
        return;
      end if;
      update countersign.budget_leases set held = held - in_amount where id = parts[1];
    end if;
  end if;

  if coalesce((select version from countersign.budget_books where id = own_organization), 0) <> in_version then
    outcome := 'stale';
    return;
  end if;

  if in_gathered then
    direct := direct || array(select distinct period_id from countersign.budget_leases where id = any(parts));
    parts := '{}';
    perform countersign.gather_budgets(direct, in_now);
  end if;

  if cardinality(parts) > 0 then
    for account in
      select l.period_id, l.granted - l.settled - l.held as room, p.recall_due, p.escrow, in_now < p.starts_at or in_now >= p.ends_at or in_now >= p.limit_until as outdated
      from countersign.budget_leases l join countersign.budget_periods p on p.id = l.period_id
      where l.id = any(parts) order by l.id for no key update of l
    loop
      if account.outdated or not account.escrow then
        outcome := 'stale';
        return;
      end if;
      if account.recall_due then
        outcome := 'again';
        return;
      end if;
      if account.room < in_amount then short := short || account.period_id; end if;
    end loop;
  end if;

  if cardinality(direct) > 0 or cardinality(short) > 0 then
    for account in
      select p.id, p.budget_id, p.settled + p.held + p.leased as used, p.leased, p.shares, p.exceeded_action,
        case when p.exceeded_action = 'notify' then null when p.exceeded_action = 'restrict' and countersign.is_one_of_models(p.free_models, in_model) then p.ceiling else p.limit_amount end as most,
        coalesce(p.measure = 'suspended' or p.measure = 'restricted' and not coalesce(countersign.is_one_of_models(p.free_models, in_model), false), false) as closed,
        countersign.budget_lease_cap(p.noted, p.warn_at, p.limit_amount, p.settled, p.exceeded_action) - p.settled - p.held - p.leased as pool,
        case when p.currency = in_currency then 1 else countersign.exchange_rate(in_currency, p.currency, in_now) end as rate,
        in_now < p.starts_at or in_now >= p.ends_at or in_now >= p.limit_until as outdated
      from countersign.budget_periods p where p.id = any(direct || short) order by p.id for no key update
    loop
      if account.outdated then
        outcome := 'stale';
        return;
      end if;
      if account.id = any(short) then
        -- Not all of it, so that what is leased and used stays below what has to be noted.
        if in_amount >= account.pool then
          outcome := 'again';
          return;
        end if;
        topped := topped || account.id;
        grants := grants || greatest(in_amount, account.pool / (2 * greatest(account.shares, 1)));
      elsif account.rate is null then
        -- A soft budget limits nothing, so that it stops nobody; a hard one can neither be held on nor got past.
        direct := array_remove(direct, account.id);
        if account.exceeded_action <> 'notify' then inconvertible := inconvertible || account.budget_id; end if;
      elsif account.closed or account.used + countersign.converted(in_amount, account.rate) > account.most then
        misfits := misfits || account.id;
        refused_by := refused_by || account.budget_id;
        suspended := coalesce(suspended, false) or account.exceeded_action = 'suspend';
        recallable := recallable or account.leased > 0;
      elsif account.rate <> 1 then
        converted_periods := converted_periods || account.id;
        rates := rates || account.rate;
      end if;
    end loop;
  end if;

  if inconvertible is not null then
    select * into outcome, held_amount, held_until from countersign.reserved_before(in_id, in_request, in_now);
    if outcome is not null then return; end if;
    outcome := 'inconvertible';
    refused_by := inconvertible;
    return;
  end if;

  if cardinality(misfits) > 0 then
    select * into outcome, held_amount, held_until from countersign.reserved_before(in_id, in_request, in_now);
    if outcome is not null then return; end if;
    if not in_gathered and (recallable or exists (select from countersign.reservations r where r.state = 'held' and r.expires_at <= in_now and r.periods && misfits)) then
      outcome := 'again';
      return;
    end if;
    with first_refusals as (
      update countersign.budget_periods p set refused_at = in_now where p.id = any(misfits) and p.refused_at is null returning p.id, p.organization_id, p.budget_id
    )
    insert into countersign.outbox (id, organization_id, channel, reference, created_at, due_at)
    select gen_random_uuid(), f.organization_id, 'budget', jsonb_build_object('type', 'first-refusal', 'budget', f.budget_id, 'period', f.id), in_now, in_now from first_refusals f;
    outcome := 'refused';
    return;
  end if;

  if rates is not null then direct := converted_periods || array(select unnest(direct) except select unnest(converted_periods)); end if;
  insert into countersign.reservations (id, organization_id, request, team_id, person_id, provider, model, amount, currency, periods, rates, leases, created_at, expires_at)
  values (in_id, own_organization, in_request, in_team, in_person, in_provider, in_model, in_amount, in_currency, direct, rates, parts, in_now, in_expires_at)
  on conflict (id) do nothing;
  if not found then
    select * into outcome, held_amount, held_until from countersign.reserved_before(in_id, in_request, in_now);
    return;
  end if;

  if cardinality(topped) > 0 then
    update countersign.budget_periods p set leased = p.leased + t.amount from unnest(topped, grants) as t(id, amount) where p.id = t.id;
    update countersign.budget_leases l set granted = l.granted + t.amount from unnest(topped, grants) as t(id, amount) where l.period_id = t.id and l.id = any(parts);
  end if;
  if cardinality(parts) > 0 then
    update countersign.budget_leases set held = held + in_amount where id = any(parts);
  end if;
  if cardinality(direct) > 0 then
    update countersign.budget_periods
    set held = held + countersign.hold_on(id, in_amount, direct, rates),
      recall_due = recall_due or leased > 0 and settled + held + leased + countersign.hold_on(id, in_amount, direct, rates) > limit_amount and exceeded_action <> 'notify'
    where id = any(direct);
  end if;
  outcome := 'held';
  held_amount := in_amount;
  held_until := in_expires_at;
end $$;

-- Holds what fits into its budgets as they are, for many calls at a time; the answer is which of them are held. What has to
-- be recalled, converted, told or refused is left to `reserve`. Of calls in the same account, each is judged by the sum of
-- those before it as well. Rows are made in the order of their ids, so that two groups never wait for each other.
create function countersign.reserve_together(in_wanted jsonb, in_leases uuid[], in_periods uuid[], in_now timestamptz) returns uuid[] language plpgsql volatile as $$
declare
  own_organization constant uuid := current_setting('app.organization', true);
  held_ids uuid[];
begin
  perform countersign.lock_budget_books(false);
  if cardinality(in_leases) > 0 then perform from countersign.budget_leases where id = any(in_leases) order by id for no key update; end if;
  if cardinality(in_periods) > 0 then perform from countersign.budget_periods where id = any(in_periods) order by id for no key update; end if;

  with wanted as (
    select w.*, row_number() over () as place
    from jsonb_to_recordset(in_wanted) as w(
      id uuid, request bytea, team uuid, person uuid, provider text, model text, amount numeric, currency text, expires_at timestamptz, leases uuid[], periods uuid[], version int)
    where w.version = coalesce((select b.version from countersign.budget_books b where b.id = own_organization), 0)
  ), rooms as (
    select l.id, p.currency, l.granted - l.settled - l.held as room
    from countersign.budget_leases l join countersign.budget_periods p on p.id = l.period_id
    where l.id = any(in_leases) and p.escrow and not p.recall_due and in_now >= p.starts_at and in_now < p.ends_at and (p.limit_until is null or in_now < p.limit_until)
    union all
    select p.id, p.currency, case p.exceeded_action when 'notify' then 'Infinity' else p.limit_amount - p.settled - p.held - p.leased end
    from countersign.budget_periods p
    where p.id = any(in_periods) and in_now >= p.starts_at and in_now < p.ends_at and (p.limit_until is null or in_now < p.limit_until)
      and coalesce(p.measure not in ('restricted', 'suspended'), true)
  ), misfits as (
    select claim.place
    from (
      select w.place, w.currency, account, sum(w.amount) over (partition by account order by w.place) as total
      from wanted w, unnest(w.leases || w.periods) account
    ) claim left join rooms on rooms.id = claim.account and rooms.currency = claim.currency
    where (claim.total <= rooms.room) is not true
  ), made as (
    insert into countersign.reservations (id, organization_id, request, team_id, person_id, provider, model, amount, currency, periods, leases, created_at, expires_at)
    select w.id, own_organization, w.request, w.team, w.person, w.provider, w.model, w.amount, w.currency, w.periods, w.leases, in_now, w.expires_at
    from wanted w where w.place not in (select place from misfits) order by w.id
    on conflict (id) do nothing
    returning id, amount, leases, periods
  ), leases_held as (
    update countersign.budget_leases l set held = l.held + t.amount
    from (select lease, sum(made.amount) as amount from made, unnest(made.leases) lease group by lease) t where l.id = t.lease and l.id = any(in_leases)
  ), periods_held as (
    update countersign.budget_periods p set held = p.held + t.amount
    from (select period, sum(made.amount) as amount from made, unnest(made.periods) period group by period) t where p.id = t.period and p.id = any(in_periods)
  )
  select coalesce(array_agg(id), '{}') into held_ids from made;
  return held_ids;
end $$;

-- The periods that a spend counts in, where they have been begun (a period that is begun later starts from the ledger), and
-- beside them the rates that it counts at; null: there is none.
create function countersign.periods_of_spend(in_team uuid, in_person uuid, in_provider text, in_model text, in_currency text, in_at timestamptz, out periods uuid[], out rates numeric[])
language sql stable as $$
  with recursive up(id, parent_id) as (
    select id, parent_id from countersign.teams where id = in_team
    union all
    select t.id, t.parent_id from countersign.teams t join up on t.id = up.parent_id
  ), places(id) as (select id from up union all select nullif(current_setting('app.organization', true), '')::uuid)
  select coalesce(array_agg(p.id), '{}'), coalesce(array_agg(case when p.currency = in_currency then 1 else countersign.exchange_rate(in_currency, p.currency, in_at) end), '{}')
  from countersign.budgets b join countersign.budget_periods p on p.budget_id = b.id
  where b.organization_id = nullif(current_setting('app.organization', true), '')::uuid and b.team_id in (select id from places)
    and (b.person_id is null or b.person_id = in_person) and (b.provider is null or b.provider = in_provider) and (b.model is null or countersign.is_model(b.model, in_model))
    and in_at >= p.starts_at and in_at < p.ends_at
$$;

-- Books what a reserved call really cost, however much that is and however late, and takes its hold off. A second call
-- changes nothing and tells the first one's answer. Outcomes: `settled`, `settled-before`, `conflict`, `not-found`.
create function countersign.settle(
  in_id uuid, in_settlement bytea, in_team uuid, in_person uuid, in_provider text, in_model text, in_cost numeric, in_currency text, in_at timestamptz, in_now timestamptz,
  out outcome text, out booked numeric, out was_late boolean, out was_above_hold boolean
) language plpgsql volatile as $$
declare
  reservation countersign.reservations;
  places uuid[];
  rates numeric[];
  counted uuid[];
  holding boolean;
  part record;
begin
  perform countersign.lock_budget_books(false);
  select * into reservation from countersign.reservations where id = in_id for update;
  if not found then
    outcome := 'not-found';
    return;
  end if;
  if reservation.state = 'settled' then
    outcome := case when reservation.settlement = in_settlement then 'settled-before' else 'conflict' end;
    booked := reservation.cost;
    was_late := reservation.late;
    was_above_hold := reservation.above_hold;
    return;
  end if;
  holding := reservation.state = 'held';
  was_late := not holding or reservation.expires_at <= in_now;
  was_above_hold := in_cost > reservation.amount;
  booked := in_cost;

  select p.periods, p.rates into places, rates from countersign.periods_of_spend(in_team, in_person, in_provider, in_model, in_currency, in_at) p;
  counted := places;
  if holding and cardinality(reservation.leases) > 0 then
    perform from countersign.budget_leases where id = any(reservation.leases) order by id for no key update;
    update countersign.budget_leases set held = held - reservation.amount where id = any(reservation.leases);
    for part in
      select l.id, l.period_id, greatest(l.settled + l.held + in_cost - l.granted, 0) as overdraft
      from countersign.budget_leases l join countersign.budget_periods p on p.id = l.period_id
      where l.id = any(reservation.leases) and l.period_id = any(counted) and p.escrow
    loop
      -- What fits into the team's part is counted there, and the shared row is left alone.
      if part.overdraft = 0 then
        update countersign.budget_leases set settled = settled + in_cost where id = part.id;
        counted := array_remove(counted, part.period_id);
      end if;
    end loop;
  end if;
  if cardinality(counted) > 0 or holding and cardinality(reservation.periods) > 0 then
    perform from countersign.budget_periods where id = any(counted || reservation.periods) order by id for no key update;
    update countersign.budget_periods p
    set settled = p.settled + case when p.id = any(counted) then coalesce(countersign.converted(in_cost, rates[array_position(places, p.id)]), 0) else 0 end,
      other_currencies = case when p.id = any(counted) and p.currency <> in_currency and in_currency <> all(p.other_currencies) then p.other_currencies || in_currency else p.other_currencies end,
      held = p.held - case when holding and p.id = any(reservation.periods) then countersign.hold_on(p.id, reservation.amount, reservation.periods, reservation.rates) else 0 end
    where p.id = any(counted || case when holding then reservation.periods else '{}' end);
    perform countersign.note_budget_crossings(counted, in_now);
  end if;
  update countersign.reservations
  set state = 'settled', closed_at = in_now, settlement = in_settlement, cost = in_cost, late = was_late, above_hold = was_above_hold where id = in_id;
  outcome := 'settled';
end $$;

-- Gives a hold back. What is no longer held stays as it is; the answer says what that is.
create function countersign.release(in_id uuid, in_now timestamptz, out outcome text) language plpgsql volatile as $$
declare
  stored text;
begin
  perform countersign.lock_budget_books(false);
  select state into stored from countersign.reservations where id = in_id for update;
  if stored = 'held' then
    perform countersign.lock_budget_rows(array[in_id], '{}', '{}');
    perform countersign.take_holds_off(array[in_id]);
    update countersign.reservations set state = 'released', closed_at = in_now where id = in_id;
    stored := 'released';
  end if;
  outcome := coalesce(stored, 'not-found');
end $$;

-- Counts what was spent without a reservation. One entry per team, person, provider, model, currency and quarter of an hour
-- will do, and per exchange rate that begins within it: no time zone begins its day there. What there is no exchange rate for is not
-- counted; the period notes the currency all the same, so that it can be told, and counted once there is one.
create function countersign.spend(in_spends jsonb, in_now timestamptz) returns void language plpgsql volatile as $$
declare
  own_organization constant uuid := current_setting('app.organization', true);
  counted uuid[];
  costs numeric[];
  elsewhere uuid[];
  currencies text[];
begin
  perform countersign.lock_budget_books(false);
  with recursive spends as (
    select * from jsonb_to_recordset(in_spends) as s(team uuid, person uuid, provider text, model text, currency text, cost numeric, at timestamptz)
  ), up(team, id) as (
    select distinct team, team from spends
    union
    select up.team, t.parent_id from up join countersign.teams t on t.id = up.id where t.parent_id is not null
  ), places(team, id) as (select team, id from up union all select distinct team, own_organization from spends),
  counts as (
    select p.id, p.currency <> s.currency as is_foreign, s.currency, s.cost, case when p.currency = s.currency then 1 else countersign.exchange_rate(s.currency, p.currency, s.at) end as rate
    from spends s join places on places.team = s.team
      join countersign.budgets b on b.organization_id = own_organization and b.team_id = places.id
        and (b.person_id is null or b.person_id = s.person) and (b.provider is null or b.provider = s.provider) and (b.model is null or countersign.is_model(b.model, s.model))
      join countersign.budget_periods p on p.budget_id = b.id and s.at >= p.starts_at and s.at < p.ends_at
  ),
  sums as (select id, coalesce(sum(countersign.converted(cost, rate)), 0) as cost from counts group by id),
  others as (select distinct id, currency from counts where is_foreign)
  select coalesce(array_agg(id), '{}'), coalesce(array_agg(cost), '{}'), (select array_agg(id order by id, currency) from others), (select array_agg(currency order by id, currency) from others)
  into counted, costs, elsewhere, currencies from sums;
  if cardinality(counted) = 0 then return; end if;
  perform from countersign.budget_periods where id = any(counted) order by id for no key update;
  update countersign.budget_periods p set settled = p.settled + t.cost from unnest(counted, costs) as t(id, cost) where p.id = t.id;
  if elsewhere is not null then
    update countersign.budget_periods p set other_currencies = array(select unnest(p.other_currencies) union select unnest(t.currencies))
    from (select id, array_agg(currency) as currencies from unnest(elsewhere, currencies) as e(id, currency) group by id) t
    where p.id = t.id and not p.other_currencies @> t.currencies;
  end if;
  perform countersign.note_budget_crossings(counted, in_now);
end $$;

-- Frees holds that have run out, of every organization, so many at a time. Runs as the owner; takes nothing but a moment.
-- Organizations whose books somebody has alone are left for the next time.
create function countersign.sweep_reservations(in_now timestamptz, in_most int) returns int language plpgsql volatile security definer set search_path = '' as $$
declare
  expired uuid[];
begin
  with due as materialized (
    select r.id, r.organization_id from countersign.reservations r where r.state = 'held' and r.expires_at <= in_now order by r.expires_at limit in_most
  ), entered as materialized (
    select organization_id from (select distinct organization_id from due) o where countersign.try_budget_books(organization_id)
  )
  select coalesce(array_agg(id), '{}') into expired from due where organization_id in (select organization_id from entered);
  -- A statement of its own, so that it sees what those have done who had the books before.
  with held as (
    select r.id from countersign.reservations r where r.id = any(expired) and r.state = 'held' order by r.id for update
  )
  select coalesce(array_agg(id), '{}') into expired from held;
  if cardinality(expired) > 0 then
    perform countersign.lock_budget_rows(expired, '{}', '{}');
    perform countersign.take_holds_off(expired);
    update countersign.reservations set state = 'expired', closed_at = in_now where id = any(expired);
  end if;
  return cardinality(expired);
end $$;

-- Recalls the parts of the next period that is close to something that has to be noted, and says which that was; null: there
-- is none after `in_after`. One at a time, so that no transaction locks leases of one period after another period. Runs as the
-- owner; takes nothing but a place in the list and a moment.
create function countersign.recall_next_budget(in_after uuid, in_now timestamptz) returns uuid language plpgsql volatile security definer set search_path = '' as $$
declare
  due record;
begin
  select p.id, p.organization_id into due from countersign.budget_periods p where p.recall_due and p.id > in_after order by p.id limit 1;
  if due.id is not null and countersign.try_budget_books(due.organization_id) then perform countersign.gather_budgets(array[due.id], in_now); end if;
  return due.id;
end $$;

-- Budgets whose next period has come or whose override has ended, of every organization but these, the longest due first. Runs
-- as the owner; opaque ids, and nothing of what they are.
create function countersign.budgets_due(in_now timestamptz, in_most int, in_but uuid[]) returns table (organization_id uuid, budget_id uuid) language sql stable security definer set search_path = '' as $$
  select b.organization_id, b.id from countersign.budgets b where b.retired_at is null and b.due_at <= in_now and not (b.organization_id = any(in_but)) order by b.due_at limit in_most
$$;

revoke all on function countersign.sweep_reservations(timestamptz, int), countersign.recall_next_budget(uuid, timestamptz), countersign.budgets_due(timestamptz, int, uuid[]) from public;
grant execute on function countersign.sweep_reservations(timestamptz, int), countersign.recall_next_budget(uuid, timestamptz), countersign.budgets_due(timestamptz, int, uuid[]) to countersign_app;

-- ==== end of budgets ====

-- ==== enforcement of budgets ====
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

alter table countersign.budget_periods add constraint budget_periods_organization_id_id_unique unique (organization_id, id);
alter table countersign.budget_measures add constraint budget_measures_period_id_fkey foreign key (organization_id, period_id) references countersign.budget_periods (organization_id, id);
alter table countersign.budget_alerts add constraint budget_alerts_budget_id_fkey foreign key (organization_id, budget_id) references countersign.budgets (organization_id, id);

select countersign.isolate_organizations('countersign.budget_measures', 'countersign.budget_alerts');
grant select, insert, update on countersign.budget_measures, countersign.budget_alerts to countersign_app;

-- Has the enforcement look again because terms of a period have changed; where nothing was crossed, there is nothing to look at.
create function countersign.tell_of_budget_terms(in_periods uuid[], in_now timestamptz) returns void language sql volatile as $$
  insert into countersign.outbox (id, organization_id, channel, reference, created_at, due_at)
  select gen_random_uuid(), p.organization_id, 'budget', jsonb_build_object('type', 'terms-changed', 'budget', p.budget_id, 'period', p.id), in_now, in_now
  from countersign.budget_periods p
  where p.id = any(in_periods) and p.ends_at > in_now and (p.noted > 0 or p.refused_at is not null or exists (select from countersign.budget_measures m where m.period_id = p.id))
$$;

-- What is written into the outbox from here is announced from here: the relay need not wait for its next look.
create function countersign.ring_for_budgets() returns trigger language plpgsql as $$
begin
  perform pg_notify('countersign_outbox', '');
  return null;
end $$;
create trigger ring_for_budgets after insert on countersign.outbox for each row when (new.channel = 'budget') execute function countersign.ring_for_budgets();

-- ==== end of enforcement of budgets ====
-- ==== billing ====

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
alter table countersign.cost_settings_versions add constraint cost_settings_versions_organization_id_team_id_version_unique unique (organization_id, team_id, version);
alter table countersign.cost_settings_versions add constraint cost_settings_versions_team_id_fkey foreign key (organization_id, team_id) references countersign.teams (organization_id, id);
-- By the sharers themselves none would be used: row-level security has an index compare only what leaks nothing.
create index cost_settings_versions_pools on countersign.cost_settings_versions (organization_id) where sharers is not null;

select countersign.isolate_organizations('countersign.cost_settings_versions');

grant select, insert on countersign.cost_settings_versions to countersign_app;

-- ==== end of billing ====
-- ==== reports ====

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
alter table countersign.usage_reports add constraint usage_reports_team_id_fkey foreign key (organization_id, team_id) references countersign.teams (organization_id, id);

select countersign.isolate_organizations('countersign.usage_reports');

-- A report that was sent has been sent.
grant select, insert on countersign.usage_reports to countersign_app;

-- The teams whose usage is reported to somebody, of every organization, for whoever sees to it that each has its Schedule. Opaque ids, and
-- nothing of what is set.
create function countersign.teams_with_reporting()
returns table (organization_id uuid, team_id uuid)
language sql stable security definer set search_path = ''
as $$
  select s.organization_id, s.team_id from countersign.billing_settings s
  where s.settings #>> '{reporting,frequency}' is not null and s.settings #>> '{reporting,sealed_recipients}' is not null order by 1, 2
$$;
revoke all on function countersign.teams_with_reporting() from public;
grant execute on function countersign.teams_with_reporting() to countersign_app;

-- ==== end of reports ====
-- ==== journal of reservations ====

-- What happened to each reservation, one row for each change. The audit log holds a digest of every minute of it.
create table countersign.reservation_changes (
  organization_id uuid not null,
  number bigint not null,
  "at" timestamptz not null,
  reservation_id uuid not null,
  state varchar(255) not null,
  primary key (organization_id, number),
  constraint reservation_changes_number_check check (number > 0)
);

-- How far an organization's journal was digested.
create table countersign.reservation_digests (
  organization_id uuid not null,
  digested_to bigint not null,
  updated_at timestamptz not null,
  primary key (organization_id)
);

-- Drawn one at a time: a number that was not handed out yet is larger than all that were.
create sequence countersign.reservation_change_numbers as bigint cache 1;

select countersign.isolate_organizations('countersign.reservation_changes', 'countersign.reservation_digests');
create policy sealer on countersign.reservation_changes to countersign_sealer using (true) with check (true);
create policy sealer on countersign.reservation_digests to countersign_sealer using (true) with check (true);

-- Only the trigger below adds to the journal. Whoever looks for what there is to digest sees where that is, and nothing else.
grant select on countersign.reservation_changes to countersign_app;
grant select, insert, update on countersign.reservation_digests to countersign_app;
grant select (organization_id, number, "at") on countersign.reservation_changes to countersign_sealer;
grant select on countersign.reservation_digests to countersign_sealer;
grant select on sequence countersign.reservation_change_numbers to countersign_sealer;

create trigger insert_only before update or delete on countersign.reservation_changes for each row execute function countersign.refuse_change();
create trigger never_emptied before truncate on countersign.reservation_changes execute function countersign.refuse_change();

-- Writes the journal, whoever changes a reservation. The transaction has its id before the number is drawn, and the number
-- before the moment is read: what finds out that a minute is over relies on both orders.
create function countersign.record_reservation_change() returns trigger language plpgsql volatile security definer set search_path = '' as $$
declare
  drawn constant bigint := nextval('countersign.reservation_change_numbers');
begin
  insert into countersign.reservation_changes (organization_id, number, at, reservation_id, state)
  values (new.organization_id, drawn, clock_timestamp(), new.id, new.state);
  return null;
end $$;
revoke all on function countersign.record_reservation_change() from public;

-- The same for all that one statement has made, and in the same order.
create function countersign.record_reservations_made() returns trigger language plpgsql volatile security definer set search_path = '' as $$
begin
  insert into countersign.reservation_changes (organization_id, number, at, reservation_id, state)
  select m.organization_id, nextval('countersign.reservation_change_numbers'), clock_timestamp(), m.id, m.state from made m;
  return null;
end $$;
revoke all on function countersign.record_reservations_made() from public;
create trigger journal_made after insert on countersign.reservations referencing new table as made for each statement execute function countersign.record_reservations_made();

-- A new period that counts a hold, too, is no change of the reservation.
create trigger journal_changed after update on countersign.reservations for each row when (old is distinct from new and old.periods = new.periods) execute function countersign.record_reservation_change();

-- ==== end of journal of reservations ====
