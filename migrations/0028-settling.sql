-- The periods that a spend counts in, where they have been begun (a period that is begun later starts from the ledger), and
-- beside them the rates that it counts at; null: there is none.
create function countersign.periods_of_spend(
  in_team uuid, in_person uuid, in_provider text, in_model text, in_currency text, in_at timestamptz,
  out periods uuid[], out rates numeric[]
)
language sql stable
as $$
  with recursive up(id, parent_id) as (
    select id, parent_id from countersign.teams where id = in_team
    union all
    select t.id, t.parent_id from countersign.teams t join up on t.id = up.parent_id
  ), places(id) as (select id from up union all select nullif(current_setting('app.organization', true), '')::uuid)
  select coalesce(array_agg(p.id), '{}'),
    coalesce(array_agg(
      case when p.currency = in_currency then 1 else countersign.exchange_rate(in_currency, p.currency, in_at) end
    ), '{}')
  from countersign.budgets b join countersign.budget_periods p on p.budget_id = b.id
  where b.organization_id = nullif(current_setting('app.organization', true), '')::uuid and b.team_id in (select id from places)
    and (b.person_id is null or b.person_id = in_person) and (b.provider is null or b.provider = in_provider)
    and (b.model is null or countersign.is_model(b.model, in_model))
    and in_at >= p.starts_at and in_at < p.ends_at
$$;

-- Books what a reserved call really cost, however much that is and however late, and takes its hold off. A second call
-- changes nothing and tells the first one's answer. Outcomes: `settled`, `settled-before`, `conflict`, `not-found`.
create function countersign.settle(
  in_id uuid, in_settlement bytea, in_team uuid, in_person uuid, in_provider text, in_model text,
  in_cost numeric, in_currency text, in_at timestamptz, in_now timestamptz,
  out outcome text, out booked numeric, out was_late boolean, out was_above_hold boolean
)
language plpgsql volatile
as $$
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

  select p.periods, p.rates into places, rates
  from countersign.periods_of_spend(in_team, in_person, in_provider, in_model, in_currency, in_at) p;
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
    set settled = p.settled + case
        when p.id = any(counted) then coalesce(countersign.converted(in_cost, rates[array_position(places, p.id)]), 0)
        else 0
      end,
      other_currencies = case
        when p.id = any(counted) and p.currency <> in_currency and in_currency <> all(p.other_currencies)
          then p.other_currencies || in_currency
        else p.other_currencies
      end,
      held = p.held - case
        when holding and p.id = any(reservation.periods)
          then countersign.hold_on(p.id, reservation.amount, reservation.periods, reservation.rates)
        else 0
      end
    where p.id = any(counted || case when holding then reservation.periods else '{}' end);
    perform countersign.note_budget_crossings(counted, in_now);
  end if;
  update countersign.reservations
  set state = 'settled', closed_at = in_now, settlement = in_settlement,
    cost = in_cost, late = was_late, above_hold = was_above_hold
  where id = in_id;
  outcome := 'settled';
end $$;

-- Gives a hold back. What is no longer held stays as it is; the answer says what that is.
create function countersign.release(in_id uuid, in_now timestamptz, out outcome text)
language plpgsql volatile
as $$
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
-- will do, and per exchange rate that begins within it: no time zone begins its day there. What there is no exchange rate for
-- is not counted; the period notes the currency all the same, so that it can be told, and counted once there is one.
create function countersign.spend(in_spends jsonb, in_now timestamptz)
returns void
language plpgsql volatile
as $$
declare
  own_organization constant uuid := current_setting('app.organization', true);
  counted uuid[];
  costs numeric[];
  elsewhere uuid[];
  currencies text[];
begin
  perform countersign.lock_budget_books(false);
  with recursive spends as (
    select * from jsonb_to_recordset(in_spends) as s(
      team uuid, person uuid, provider text, model text, currency text, cost numeric, at timestamptz
    )
  ), up(team, id) as (
    select distinct team, team from spends
    union
    select up.team, t.parent_id from up join countersign.teams t on t.id = up.id where t.parent_id is not null
  ), places(team, id) as (select team, id from up union all select distinct team, own_organization from spends),
  counts as (
    select p.id, p.currency <> s.currency as is_foreign, s.currency, s.cost,
      case when p.currency = s.currency then 1 else countersign.exchange_rate(s.currency, p.currency, s.at) end as rate
    from spends s join places on places.team = s.team
      join countersign.budgets b on b.organization_id = own_organization and b.team_id = places.id
        and (b.person_id is null or b.person_id = s.person) and (b.provider is null or b.provider = s.provider)
        and (b.model is null or countersign.is_model(b.model, s.model))
      join countersign.budget_periods p on p.budget_id = b.id and s.at >= p.starts_at and s.at < p.ends_at
  ),
  sums as (select id, coalesce(sum(countersign.converted(cost, rate)), 0) as cost from counts group by id),
  others as (select distinct id, currency from counts where is_foreign)
  select coalesce(array_agg(id), '{}'), coalesce(array_agg(cost), '{}'),
    (select array_agg(id order by id, currency) from others),
    (select array_agg(currency order by id, currency) from others)
  into counted, costs, elsewhere, currencies from sums;
  if cardinality(counted) = 0 then return; end if;
  perform from countersign.budget_periods where id = any(counted) order by id for no key update;
  update countersign.budget_periods p set settled = p.settled + t.cost
  from unnest(counted, costs) as t(id, cost) where p.id = t.id;
  if elsewhere is not null then
    update countersign.budget_periods p
    set other_currencies = array(select unnest(p.other_currencies) union select unnest(t.currencies))
    from (select id, array_agg(currency) as currencies from unnest(elsewhere, currencies) as e(id, currency) group by id) t
    where p.id = t.id and not p.other_currencies @> t.currencies;
  end if;
  perform countersign.note_budget_crossings(counted, in_now);
end $$;
