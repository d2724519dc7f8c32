-- What an id stands for already: `held` while that which is asked for again is held, else what became of it (`released`,
-- `expired`, `settled`); `conflict` where it was something else. Null: nothing.
create function countersign.reserved_before(
  in_id uuid, in_request bytea, in_now timestamptz, out outcome text, out held_amount numeric, out held_until timestamptz
)
language sql stable
as $$
  select
    case
      when r.request <> in_request then 'conflict'
      when r.state = 'held' and r.expires_at <= in_now then 'expired'
      else r.state
    end,
    r.amount, r.expires_at
  from countersign.reservations r where r.id = in_id
$$;

-- Holds an amount on every budget that a call counts in, or says which of them it does not fit into. Outcomes: `held`, what
-- `reserved_before` says of an id that was used before, `stale` (the caller's list of periods is out of date), `again` (what
-- does not fit may fit once everything is gathered: call with in_gathered), `refused`, `inconvertible` (refused, since there
-- is no exchange rate to the currency of a hard budget). Of those that refuse, suspended_by are under `suspend`, and what was
-- spent has come to the limit of those in used_up. Leases are of budgets in the reservation's own currency.
create function countersign.reserve(
  in_id uuid, in_request bytea, in_team uuid, in_person uuid, in_provider text, in_model text,
  in_amount numeric, in_currency text, in_now timestamptz, in_expires_at timestamptz,
  in_periods uuid[], in_leases uuid[], in_version int, in_gathered boolean,
  out outcome text, out held_amount numeric, out held_until timestamptz, out refused_by uuid[],
  out suspended_by uuid[], out used_up uuid[]
)
language plpgsql volatile
as $$
declare
  own_organization constant uuid := current_setting('app.organization', true);
  direct uuid[] := in_periods;
  parts uuid[] := in_leases;
  short uuid[] := '{}';
  topped uuid[] := '{}';
  grants numeric[] := '{}';
  misfits uuid[] := '{}';
  misfit_amounts numeric[] := '{}';
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
      and p.id = l.period_id and p.escrow and not p.recall_due
      and in_now >= p.starts_at and in_now < p.ends_at and (p.limit_until is null or in_now < p.limit_until);
    if found then
      insert into countersign.reservations (
        id, organization_id, request, team_id, person_id, provider, model, amount, currency,
        periods, leases, created_at, expires_at
      )
      values (
        in_id, own_organization, in_request, in_team, in_person, in_provider, in_model, in_amount, in_currency,
        direct, parts, in_now, in_expires_at
      )
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
      select l.period_id, l.granted - l.settled - l.held as room, p.recall_due, p.escrow,
        in_now < p.starts_at or in_now >= p.ends_at or in_now >= p.limit_until as outdated
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
      select p.id, p.budget_id, p.settled + p.held + p.leased as used, p.settled >= p.limit_amount as spent, p.leased, p.shares, p.exceeded_action,
        case
          when p.exceeded_action = 'notify' then null
          when p.exceeded_action = 'restrict' and countersign.is_one_of_models(p.free_models, in_model) then p.ceiling
          else p.limit_amount
        end as most,
        coalesce(
          p.measure = 'suspended'
            or p.measure = 'restricted' and not coalesce(countersign.is_one_of_models(p.free_models, in_model), false),
          false
        ) as closed,
        countersign.budget_lease_cap(p.noted, p.warn_at, p.limit_amount, p.settled, p.exceeded_action)
          - p.settled - p.held - p.leased as pool,
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
        misfit_amounts := misfit_amounts || countersign.converted(in_amount, account.rate);
        refused_by := refused_by || account.budget_id;
        if account.exceeded_action = 'suspend' then suspended_by := suspended_by || account.budget_id; end if;
        if account.closed or account.spent then used_up := used_up || account.budget_id; end if;
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
    if not in_gathered and (
      recallable
      or exists (
        select from countersign.reservations r
        where r.state = 'held' and r.expires_at <= in_now and r.periods && misfits
      )
    ) then
      outcome := 'again';
      return;
    end if;
    with first_refusals as (
      update countersign.budget_periods p set refused_at = in_now, refused_amount = misfit.amount
      from unnest(misfits, misfit_amounts) as misfit(id, amount)
      where p.id = misfit.id and p.refused_at is null
      returning p.id, p.organization_id, p.budget_id
    )
    insert into countersign.outbox (id, organization_id, channel, reference, created_at, due_at)
    select gen_random_uuid(), f.organization_id, 'budget',
      jsonb_build_object('type', 'first-refusal', 'budget', f.budget_id, 'period', f.id), in_now, in_now
    from first_refusals f;
    outcome := 'refused';
    return;
  end if;

  if rates is not null then
    direct := converted_periods || array(select unnest(direct) except select unnest(converted_periods));
  end if;
  insert into countersign.reservations (
    id, organization_id, request, team_id, person_id, provider, model, amount, currency,
    periods, rates, leases, created_at, expires_at
  )
  values (
    in_id, own_organization, in_request, in_team, in_person, in_provider, in_model, in_amount, in_currency,
    direct, rates, parts, in_now, in_expires_at
  )
  on conflict (id) do nothing;
  if not found then
    select * into outcome, held_amount, held_until from countersign.reserved_before(in_id, in_request, in_now);
    return;
  end if;

  if cardinality(topped) > 0 then
    update countersign.budget_periods p set leased = p.leased + t.amount
    from unnest(topped, grants) as t(id, amount) where p.id = t.id;
    update countersign.budget_leases l set granted = l.granted + t.amount
    from unnest(topped, grants) as t(id, amount) where l.period_id = t.id and l.id = any(parts);
  end if;
  if cardinality(parts) > 0 then
    update countersign.budget_leases set held = held + in_amount where id = any(parts);
  end if;
  if cardinality(direct) > 0 then
    update countersign.budget_periods
    set held = held + countersign.hold_on(id, in_amount, direct, rates),
      recall_due = recall_due or leased > 0
        and settled + held + leased + countersign.hold_on(id, in_amount, direct, rates) > limit_amount
        and exceeded_action <> 'notify'
    where id = any(direct);
  end if;
  outcome := 'held';
  held_amount := in_amount;
  held_until := in_expires_at;
end $$;
