-- Whoever checks the logs must know of organizations of whose log nothing is left. Runs as the owner, tells ids and nothing else.
create function countersign.organizations_to_check()
returns setof uuid
language sql stable security definer set search_path = ''
as $$
  select id from countersign.organizations
  union select organization_id from countersign.audit_cosignatures
  union select organization_id from countersign.audit_archives
$$;
revoke all on function countersign.organizations_to_check() from public;
grant execute on function countersign.organizations_to_check() to countersign_sealer;
