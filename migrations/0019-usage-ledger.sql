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

select countersign.isolate_organizations('countersign.usage_ids', 'countersign.ledger_lines');
-- What was booked stays as it is: a mistake is corrected by another row.
grant select, insert on countersign.usage_ids, countersign.ledger_lines to countersign_app;

create trigger append_only before update or delete on countersign.ledger_lines
  for each row execute function countersign.refuse_change();

-- The months of the ledger live apart: nobody is granted anything on one, and its row-level security lets nobody but the
-- owner in.
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
  for month in
    select generate_series(
      date_trunc('month', now()) - interval '4 months', date_trunc('month', now()) + interval '2 months', interval '1 month'
    )
  loop
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
  select to_char(l.occurred_at, 'YYYY-MM'), count(*)
  from (select occurred_at from ledger.lines_default limit 100000) l group by 1 order by 1
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
