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

-- A line of the ledger has a rollup of the same team and person, so that these references hold for both; checked when a
-- rollup is made, not for every line.
alter table countersign.usage_rollups add constraint usage_rollups_team_id_fkey
  foreign key (organization_id, team_id) references countersign.teams (organization_id, id);
alter table countersign.usage_rollups add constraint usage_rollups_person_id_fkey
  foreign key (organization_id, person_id) references countersign.people (organization_id, id);

select countersign.isolate_organizations('countersign.usage_rollups', 'countersign.usage_days');
grant select, insert, update on countersign.usage_rollups, countersign.usage_days to countersign_app;
