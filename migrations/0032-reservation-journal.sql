-- What happened to each reservation, one row for each change. The audit log holds a digest of every minute of it.
create table countersign.reservation_changes (
  organization_id uuid not null,
  number bigint not null,
  "at" timestamptz not null,
  reservation_id uuid not null,
  state varchar(255) not null,
  primary key (organization_id, number),
  constraint reservation_changes_number_check check (number > 0)
);

-- How far an organization's journal was digested.
create table countersign.reservation_digests (
  organization_id uuid not null,
  digested_to bigint not null,
  updated_at timestamptz not null,
  primary key (organization_id)
);

-- Drawn one at a time: a number that was not handed out yet is larger than all that were.
create sequence countersign.reservation_change_numbers as bigint cache 1;

select countersign.isolate_organizations('countersign.reservation_changes', 'countersign.reservation_digests');
create policy sealer on countersign.reservation_changes to countersign_sealer using (true) with check (true);
create policy sealer on countersign.reservation_digests to countersign_sealer using (true) with check (true);

-- Only the trigger below adds to the journal. Whoever looks for what there is to digest sees where that is, and nothing else.
grant select on countersign.reservation_changes to countersign_app;
grant select, insert, update on countersign.reservation_digests to countersign_app;
grant select (organization_id, number, "at") on countersign.reservation_changes to countersign_sealer;
grant select on countersign.reservation_digests to countersign_sealer;
grant select on sequence countersign.reservation_change_numbers to countersign_sealer;

create trigger insert_only before update or delete on countersign.reservation_changes
  for each row execute function countersign.refuse_change();
create trigger never_emptied before truncate on countersign.reservation_changes execute function countersign.refuse_change();

-- Writes the journal, whoever changes a reservation. The transaction has its id before the number is drawn, and the number
-- before the moment is read: what finds out that a minute is over relies on both orders.
create function countersign.record_reservation_change()
returns trigger
language plpgsql volatile security definer set search_path = ''
as $$
declare
  drawn constant bigint := nextval('countersign.reservation_change_numbers');
begin
  insert into countersign.reservation_changes (organization_id, number, at, reservation_id, state)
  values (new.organization_id, drawn, clock_timestamp(), new.id, new.state);
  return null;
end $$;
revoke all on function countersign.record_reservation_change() from public;

-- The same for all that one statement has made, and in the same order.
create function countersign.record_reservations_made()
returns trigger
language plpgsql volatile security definer set search_path = ''
as $$
begin
  insert into countersign.reservation_changes (organization_id, number, at, reservation_id, state)
  select m.organization_id, nextval('countersign.reservation_change_numbers'), clock_timestamp(), m.id, m.state from made m;
  return null;
end $$;
revoke all on function countersign.record_reservations_made() from public;
create trigger journal_made after insert on countersign.reservations
  referencing new table as made for each statement execute function countersign.record_reservations_made();

-- A new period that counts a hold, too, is no change of the reservation.
create trigger journal_changed after update on countersign.reservations
  for each row when (old is distinct from new and old.periods = new.periods)
  execute function countersign.record_reservation_change();
