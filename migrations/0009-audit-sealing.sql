create table countersign.audit_leaves (
  organization_id uuid not null,
  leaf_index bigint not null,
  entry_id uuid not null,
  "at" timestamptz not null,
  leaf_hash bytea not null,
  primary key (organization_id, leaf_index)
);
alter table countersign.audit_leaves add constraint audit_leaves_organization_id_entry_id_unique
  unique (organization_id, entry_id);
-- Leaves are added about in the order of their moments: a summary for each megabyte costs next to nothing, and finds those of
-- a month.
create index audit_leaves_at_brin on countersign.audit_leaves using brin ("at") with (autosummarize = on);

create table countersign.audit_tiles (
  organization_id uuid not null,
  level smallint not null,
  tile_index bigint not null,
  hashes bytea not null,
  primary key (organization_id, level, tile_index)
);

create table countersign.audit_logs (
  organization_id uuid not null,
  size bigint not null,
  root bytea not null,
  verifier_key text not null,
  signing_key bytea not null,
  created_at timestamptz not null,
  sealed_at timestamptz null,
  primary key (organization_id)
);

create table countersign.audit_checkpoints (
  organization_id uuid not null,
  tree_size bigint not null,
  root bytea not null,
  "at" timestamptz not null,
  note text not null,
  previous_size bigint not null,
  link bytea not null,
  primary key (organization_id, tree_size)
);

select countersign.isolate_organizations(
  'countersign.audit_leaves',
  'countersign.audit_tiles',
  'countersign.audit_logs',
  'countersign.audit_checkpoints'
);
create policy sealer on countersign.audit_leaves to countersign_sealer using (true) with check (true);
create policy sealer on countersign.audit_tiles to countersign_sealer using (true) with check (true);
create policy sealer on countersign.audit_logs to countersign_sealer using (true) with check (true);
create policy sealer on countersign.audit_checkpoints to countersign_sealer using (true) with check (true);

-- The proofs are the sealer's to add to, and everybody's to read; its keys are nobody else's.
grant select on countersign.audit_leaves, countersign.audit_tiles, countersign.audit_checkpoints to countersign_app;
grant select (organization_id, size, root, verifier_key, created_at, sealed_at) on countersign.audit_logs to countersign_app;
grant select, insert on countersign.audit_leaves, countersign.audit_checkpoints to countersign_sealer;
grant select, insert, update on countersign.audit_tiles, countersign.audit_logs to countersign_sealer;

create trigger insert_only before update or delete on countersign.audit_leaves
  for each row execute function countersign.refuse_change();
create trigger never_emptied before truncate on countersign.audit_leaves execute function countersign.refuse_change();
create trigger insert_only before update or delete on countersign.audit_checkpoints
  for each row execute function countersign.refuse_change();
create trigger never_emptied before truncate on countersign.audit_checkpoints execute function countersign.refuse_change();
