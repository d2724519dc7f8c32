-- How reservations stay exact. Whoever books takes the lock of the organization's books first (shared; whoever changes what
-- there is to book takes it alone), then locks rows in one order only: reservations by id, then leases by id, then periods by
-- id. A lease is a part of a period's limit that one team may spend without asking the period's row:
--   settled + held <= granted on every lease, and leased = the sum of granted on its period;
--   settled + held + leased <= limit on every hard period, unless money that was really spent says otherwise.
-- What a refusal needs to be right is gathered first: holds that ran out are freed, and what no team has used is recalled.
-- A period's row starts from what usage has booked, and with the holds that live; the lock below keeps that from happening
-- beside a spend or a reservation.

create function countersign.lock_budget_books(in_exclusive boolean)
returns void
language plpgsql volatile
as $$
declare
  place constant int := hashtext(current_setting('app.organization', true));
begin
  if in_exclusive then perform pg_advisory_xact_lock(7266835, place);
  else perform pg_advisory_xact_lock_shared(7266835, place);
  end if;
end $$;

-- For those who see to every organization: the shared lock of one, where nobody has it alone. They come again.
create function countersign.try_budget_books(in_organization uuid)
returns boolean
language sql volatile
as $$
  select pg_try_advisory_xact_lock_shared(7266835, hashtext(in_organization::text))
$$;

-- The next amount at which something has to be noted: up to there parts may be leased, since nobody sees their sum.
create function countersign.budget_lease_cap(
  in_noted int, in_warn_at numeric, in_limit numeric, in_settled numeric, in_action text
)
returns numeric
language sql immutable
as $$
  select case
    when in_noted = 0 and in_warn_at is not null then least(in_warn_at, in_limit)
    when in_noted < 2 or in_action <> 'notify' then in_limit
    else 2 * greatest(in_limit, in_settled)
  end
$$;

-- Tells once of each crossing, and says whether parts are to be recalled and whether there is room to lease. The periods are
-- locked by the caller.
create function countersign.note_budget_crossings(in_periods uuid[], in_now timestamptz)
returns void
language plpgsql volatile
as $$
begin
  with crossed as (
    update countersign.budget_periods p set noted = case when p.settled >= p.limit_amount then 2 else 1 end
    where p.id = any(in_periods) and p.ends_at > in_now
      and (p.noted < 2 and p.settled >= p.limit_amount or p.noted < 1 and p.settled >= p.warn_at)
    returning p.id, p.organization_id, p.budget_id, p.noted
  )
  insert into countersign.outbox (id, organization_id, channel, reference, created_at, due_at)
  select gen_random_uuid(), c.organization_id, 'budget',
    jsonb_build_object(
      'type', case c.noted when 2 then 'limit-reached' else 'warning-crossed' end,
      'budget', c.budget_id, 'period', c.id
    ),
    in_now, in_now
  from crossed c;

  with standing as (
    select p.id, p.escrow, p.settled + p.held + p.leased as used, p.settled + p.leased as certain, p.limit_amount,
      countersign.budget_lease_cap(p.noted, p.warn_at, p.limit_amount, p.settled, p.exceeded_action) as cap
    from countersign.budget_periods p where p.id = any(in_periods) and p.shares > 0
  ), judged as (
    select s.id,
      (s.escrow or s.cap - s.used > s.limit_amount / 20)
        and coalesce(p.measure, '') not in ('restricted', 'suspended') as escrow,
      p.leased > 0 and (s.certain >= s.cap or s.used > s.limit_amount and p.exceeded_action <> 'notify') as recall_due
    from standing s join countersign.budget_periods p on p.id = s.id
  ), changed as (
    update countersign.budget_periods p set escrow = j.escrow, recall_due = j.recall_due
    from judged j where p.id = j.id and (p.escrow, p.recall_due) is distinct from (j.escrow, j.recall_due)
    returning p.organization_id
  )
  update countersign.budget_books b set version = b.version + 1 where b.id in (select organization_id from changed);
end $$;
