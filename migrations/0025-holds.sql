-- What a reservation holds on a period, in the currency of that: its amount at the rate it was put there with. Rates belong to
-- the first of its periods; the others, and those of a reservation without rates, are in its own currency. Leases always are.
create function countersign.hold_on(in_period uuid, in_amount numeric, in_periods uuid[], in_rates numeric[])
returns numeric
language sql immutable
as $$
  select case
    when in_rates is null then in_amount
    else countersign.converted(in_amount, coalesce(in_rates[array_position(in_periods, in_period)], 1))
  end
$$;

-- Takes holds off the leases and periods they lie on. Everything is locked by the caller.
create function countersign.take_holds_off(in_reservations uuid[])
returns void
language plpgsql volatile
as $$
begin
  update countersign.budget_leases l set held = l.held - t.amount
  from (
    select lease, sum(r.amount) as amount
    from countersign.reservations r, unnest(r.leases) lease where r.id = any(in_reservations) group by lease
  ) t
  where l.id = t.lease;
  update countersign.budget_periods p set held = p.held - t.amount
  from (
    select period, sum(countersign.hold_on(period, r.amount, r.periods, r.rates)) as amount
    from countersign.reservations r, unnest(r.periods) period where r.id = any(in_reservations) group by period
  ) t
  where p.id = t.period;
end $$;

-- Locks what the holds of these reservations lie on, leases before periods, and more of both.
create function countersign.lock_budget_rows(in_reservations uuid[], in_leases uuid[], in_periods uuid[])
returns void
language plpgsql volatile
as $$
declare
  all_leases uuid[] := in_leases || array(select unnest(leases) from countersign.reservations where id = any(in_reservations));
  all_periods uuid[] := in_periods || array(select unnest(periods) from countersign.reservations where id = any(in_reservations));
begin
  if cardinality(all_leases) > 0 then
    perform from countersign.budget_leases where id = any(all_leases) order by id for no key update;
  end if;
  if cardinality(all_periods) > 0 then
    perform from countersign.budget_periods where id = any(all_periods) order by id for no key update;
  end if;
end $$;

-- Brings together what a refusal has to be judged by, and locks it: frees the holds on these periods that have run out, and
-- takes back what no team has used of its part.
create function countersign.gather_budgets(in_periods uuid[], in_now timestamptz)
returns void
language plpgsql volatile
as $$
declare
  parts uuid[];
  expired uuid[];
begin
  perform countersign.lock_budget_books(false);
  parts := array(select id from countersign.budget_leases where period_id = any(in_periods));
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
    from (
      select period_id, sum(settled) as settled, sum(granted - held) as returned
      from countersign.budget_leases where id = any(parts) group by period_id
    ) t
    where p.id = t.period_id and (t.settled <> 0 or t.returned <> 0);
    update countersign.budget_leases set granted = held, settled = 0 where id = any(parts) and (granted <> held or settled <> 0);
    with closed as (
      update countersign.budget_periods p set escrow = false
      where p.id = any(in_periods) and p.escrow
        and countersign.budget_lease_cap(p.noted, p.warn_at, p.limit_amount, p.settled, p.exceeded_action)
          - p.settled - p.held - p.leased <= p.limit_amount / 40
      returning p.organization_id
    )
    update countersign.budget_books b set version = b.version + 1 where b.id in (select organization_id from closed);
    perform countersign.note_budget_crossings(in_periods, in_now);
  end if;
end $$;

-- Has a period count the live holds of its budget's scope that it does not count yet: those from before it was begun. Called
-- under the exclusive lock, so that none is made or ended meanwhile.
-- One in another currency is counted at the rate of the moment in which it was made, and not at all where there was none.
create function countersign.adopt_holds(in_period uuid, in_teams uuid[], in_now timestamptz)
returns void
language plpgsql volatile
as $$
begin
  with live as (
    select r.id, at_rate.rate
    from countersign.reservations r, countersign.budget_periods p join countersign.budgets b on b.id = p.budget_id,
      lateral (
        select case
          when r.currency = p.currency then 1
          else countersign.exchange_rate(r.currency, p.currency, r.created_at)
        end as rate
      ) at_rate
    where p.id = in_period and r.organization_id = p.organization_id
      and r.state = 'held' and r.expires_at > in_now and at_rate.rate is not null
      and (in_teams is null or r.team_id = any(in_teams)) and (b.person_id is null or b.person_id = r.person_id)
      and (b.provider is null or r.provider is null or b.provider = r.provider)
      and (b.model is null or r.model is null or countersign.is_model(b.model, r.model))
      and not (in_period = any(r.periods))
      and not exists (select from countersign.budget_leases l where l.period_id = in_period and l.id = any(r.leases))
    for update of r
  ), adopted as (
    update countersign.reservations r set periods = r.periods || in_period,
      rates = case
        when live.rate = 1 then r.rates
        else coalesce(r.rates, '{}')
          || array_fill(1::numeric, array[cardinality(r.periods) - coalesce(cardinality(r.rates), 0)])
          || live.rate
      end
    from live where r.id = live.id returning countersign.converted(r.amount, live.rate) as amount
  )
  update countersign.budget_periods p set held = p.held + t.amount
  from (select sum(amount) as amount from adopted) t where p.id = in_period and t.amount > 0;
end $$;
