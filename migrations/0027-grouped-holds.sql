-- Holds what fits into its budgets as they are, for many calls at a time; the answer is which of them are held. What has to
-- be recalled, converted, told or refused is left to `reserve`. Of calls in the same account, each is judged by the sum of
-- those before it as well. Rows are made in the order of their ids, so that two groups never wait for each other.
create function countersign.reserve_together(in_wanted jsonb, in_leases uuid[], in_periods uuid[], in_now timestamptz)
returns uuid[]
language plpgsql volatile
as $$
declare
  own_organization constant uuid := current_setting('app.organization', true);
  held_ids uuid[];
begin
  perform countersign.lock_budget_books(false);
  if cardinality(in_leases) > 0 then
    perform from countersign.budget_leases where id = any(in_leases) order by id for no key update;
  end if;
  if cardinality(in_periods) > 0 then
    perform from countersign.budget_periods where id = any(in_periods) order by id for no key update;
  end if;

  with wanted as (
    select w.*, row_number() over () as place
    from jsonb_to_recordset(in_wanted) as w(
      id uuid, request bytea, team uuid, person uuid, provider text, model text, amount numeric, currency text,
      expires_at timestamptz, leases uuid[], periods uuid[], version int
    )
    where w.version = coalesce((select b.version from countersign.budget_books b where b.id = own_organization), 0)
  ), rooms as (
    select l.id, p.currency, l.granted - l.settled - l.held as room
    from countersign.budget_leases l join countersign.budget_periods p on p.id = l.period_id
    where l.id = any(in_leases) and p.escrow and not p.recall_due
      and in_now >= p.starts_at and in_now < p.ends_at and (p.limit_until is null or in_now < p.limit_until)
    union all
    select p.id, p.currency,
      case p.exceeded_action when 'notify' then 'Infinity' else p.limit_amount - p.settled - p.held - p.leased end
    from countersign.budget_periods p
    where p.id = any(in_periods)
      and in_now >= p.starts_at and in_now < p.ends_at and (p.limit_until is null or in_now < p.limit_until)
      and coalesce(p.measure not in ('restricted', 'suspended'), true)
  ), misfits as (
    select claim.place
    from (
      select w.place, w.currency, account, sum(w.amount) over (partition by account order by w.place) as total
      from wanted w, unnest(w.leases || w.periods) account
    ) claim left join rooms on rooms.id = claim.account and rooms.currency = claim.currency
    where (claim.total <= rooms.room) is not true
  ), made as (
    insert into countersign.reservations (
      id, organization_id, request, team_id, person_id, provider, model, amount, currency,
      periods, leases, created_at, expires_at
    )
    select w.id, own_organization, w.request, w.team, w.person, w.provider, w.model, w.amount, w.currency,
      w.periods, w.leases, in_now, w.expires_at
    from wanted w where w.place not in (select place from misfits) order by w.id
    on conflict (id) do nothing
    returning id, amount, leases, periods
  ), leases_held as (
    update countersign.budget_leases l set held = l.held + t.amount
    from (select lease, sum(made.amount) as amount from made, unnest(made.leases) lease group by lease) t
    where l.id = t.lease and l.id = any(in_leases)
  ), periods_held as (
    update countersign.budget_periods p set held = p.held + t.amount
    from (select period, sum(made.amount) as amount from made, unnest(made.periods) period group by period) t
    where p.id = t.period and p.id = any(in_periods)
  )
  select coalesce(array_agg(id), '{}') into held_ids from made;
  return held_ids;
end $$;
