-- Frees holds that have run out of the next organization that has any, so many at a time, and says which that was; null: there
-- is none after `in_after`. One organization at a time, so that nobody waits for another one's; where somebody has its books
-- alone, it is left for the next time. Runs as the owner; takes nothing but a place in the list and a moment.
create function countersign.sweep_reservations(
  in_after uuid, in_now timestamptz, in_most int,
  out organization uuid, out freed int
)
language plpgsql volatile security definer set search_path = ''
as $$
declare
  expired uuid[];
begin
  freed := 0;
  select min(r.organization_id::text)::uuid into organization
  from countersign.reservations r where r.state = 'held' and r.expires_at <= in_now and r.organization_id > in_after;
  if organization is null or not countersign.try_budget_books(organization) then return; end if;

  with due as (
    select r.id from countersign.reservations r
    where r.state = 'held' and r.expires_at <= in_now and r.organization_id = sweep_reservations.organization
    order by r.expires_at limit in_most
  ), held as (
    select r.id from countersign.reservations r
    where r.id in (select id from due) and r.state = 'held' order by r.id for update
  )
  select coalesce(array_agg(id), '{}') into expired from held;
  if cardinality(expired) = 0 then return; end if;

  perform countersign.lock_budget_rows(expired, '{}', '{}');
  perform countersign.take_holds_off(expired);
  update countersign.reservations set state = 'expired', closed_at = in_now where id = any(expired);
  freed := cardinality(expired);
end $$;
revoke all on function countersign.sweep_reservations(uuid, timestamptz, int) from public;
grant execute on function countersign.sweep_reservations(uuid, timestamptz, int) to countersign_app;

-- Recalls the parts of the next period that is close to something that has to be noted, and says which that was; null: there
-- is none after `in_after`. One at a time, so that no transaction locks leases of one period after another period. Runs as the
-- owner; takes nothing but a place in the list and a moment.
create function countersign.recall_next_budget(in_after uuid, in_now timestamptz)
returns uuid
language plpgsql volatile security definer set search_path = ''
as $$
declare
  due record;
begin
  select p.id, p.organization_id into due from countersign.budget_periods p
  where p.recall_due and p.id > in_after order by p.id limit 1;
  if due.id is not null and countersign.try_budget_books(due.organization_id) then
    perform countersign.gather_budgets(array[due.id], in_now);
  end if;
  return due.id;
end $$;
revoke all on function countersign.recall_next_budget(uuid, timestamptz) from public;
grant execute on function countersign.recall_next_budget(uuid, timestamptz) to countersign_app;

-- Budgets whose next period has come or whose override has ended, of every organization but these, the longest due first. Runs
-- as the owner; opaque ids, and nothing of what they are.
create function countersign.budgets_due(in_now timestamptz, in_most int, in_but uuid[])
returns table (organization_id uuid, budget_id uuid)
language sql stable security definer set search_path = ''
as $$
  select b.organization_id, b.id from countersign.budgets b
  where b.retired_at is null and b.due_at <= in_now and not (b.organization_id = any(in_but)) order by b.due_at limit in_most
$$;
revoke all on function countersign.budgets_due(timestamptz, int, uuid[]) from public;
grant execute on function countersign.budgets_due(timestamptz, int, uuid[]) to countersign_app;
