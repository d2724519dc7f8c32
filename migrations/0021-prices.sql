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
alter table countersign.price_rates add constraint price_rates_organization_id_provider_model_version_unique
  unique (organization_id, provider, model, version);

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

select countersign.isolate_organizations('countersign.price_rates', 'countersign.reratings');
-- What was agreed stays as it is: a mistake is corrected by another row.
grant select, insert on countersign.price_rates to countersign_app;
grant select, insert, update, delete on countersign.reratings to countersign_app;

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
  select not exists (
    select from countersign.price_catalogues
    where number > string_to_array(split_part(in_version, '-', 1), '.')::int[]
  )
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
  if exists (
    select from countersign.price_catalogues
    where number >= string_to_array(split_part(in_version, '-', 1), '.')::int[]
  ) then
    return 0;
  end if;
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
