-- What is only kept for a while is forgotten for every organization at once. Runs as the owner, by the database's own clock:
-- whoever could say what time it is could have everything forgotten.
create function countersign.forget_expired()
returns bigint
language sql volatile security definer set search_path = ''
as $$
  with answers as (delete from countersign.idempotent_requests where created_at < now() - interval '7 days' returning 1),
    codes as (delete from countersign.step_up_codes where expires_at < now() - interval '1 day' returning 1),
    deliveries as (delete from countersign.webhook_deliveries
      where created_at < now() - interval '90 days' and state <> 'pending' returning 1),
    sessions as (delete from countersign.sessions where expires_at < now() - interval '30 days' returning hash),
    sign_ins as (delete from countersign.sign_in_links where expires_at < now() - interval '30 days' returning hash),
    ways_in as (delete from countersign.directory d using (select hash from sessions union all select hash from sign_ins) gone
      where d.kind in ('session', 'sign_in_link') and d.hash = gone.hash returning 1),
    links as (delete from countersign.approval_links l using countersign.approvals a
      where a.id = l.approval_id and a.decided_at < now() - interval '1 year' returning l.id),
    addresses as (delete from countersign.directory d using links
      where d.kind = 'approval_link' and d.target_id = links.id returning 1),
    messages as (delete from countersign.outbox where failed_at < now() - interval '90 days' returning 1),
    -- A bundle may tell about whoever was erased after it was begun.
    gone_exports as (select organization_id, id from countersign.audit_exports e where e.expires_at < now()
      or (e.state = 'ready' and exists (
        select from keyring.subject_keys k
        where k.organization_id = e.organization_id and k.destroyed_at >= e.created_at
      ))),
    chunks as (delete from countersign.audit_export_chunks c using gone_exports e
      where e.organization_id = c.organization_id and e.id = c.export_id),
    exports as (delete from countersign.audit_exports x using gone_exports e
      where e.organization_id = x.organization_id and e.id = x.id returning 1)
  select (select count(*) from exports) + (select count(*) from answers) + (select count(*) from codes)
    + (select count(*) from deliveries) + (select count(*) from messages)
    + (select count(*) from ways_in) + (select count(*) from addresses)
$$;
revoke all on function countersign.forget_expired() from public;
grant execute on function countersign.forget_expired() to countersign_app;
