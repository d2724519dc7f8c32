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
alter table countersign.exchange_rates add constraint exchange_rates_organization_id_from_currency_to_c_13bf6_unique
  unique (organization_id, from_currency, to_currency, version);

select countersign.isolate_organizations('countersign.exchange_rates');
-- What was agreed stays as it is: a mistake is corrected by another row.
grant select, insert on countersign.exchange_rates to countersign_app;

-- What one unit of a currency was worth in another at a moment, as the organization books it. The rule is that of prices
-- (`versionAt` in src/usage/rules/rates.ts): of the versions that had begun by then, the newest. Null: there was none.
create function countersign.exchange_rate(in_from text, in_to text, in_at timestamptz)
returns numeric
language sql stable
as $$
  select case when in_from = in_to then 1 else (
    select e.rate from countersign.exchange_rates e
    where e.organization_id = nullif(current_setting('app.organization', true), '')::uuid
      and e.from_currency = in_from and e.to_currency = in_to and e.effective_from <= in_at
    order by e.version desc limit 1
  ) end
$$;

-- An amount at an exchange rate, with as many digits as are kept. A half goes to the even neighbour, as where prices are
-- converted (`roundAmount` in src/platform/money.ts). Null without a rate.
create function countersign.converted(in_amount numeric, in_rate numeric)
returns numeric
language sql immutable
as $$
  select case
    when in_rate = 1 then in_amount
    when abs(in_amount * in_rate - trunc(in_amount * in_rate, 12)) = 0.0000000000005
      and trunc(in_amount * in_rate * 1000000000000) % 2 = 0
      then trunc(in_amount * in_rate, 12)
    else round(in_amount * in_rate, 12)
  end
$$;
