-- Bundles that were asked for, and what they consist of.
create table countersign.audit_exports (
  id uuid not null,
  organization_id uuid not null,
  range_from timestamptz not null,
  range_to timestamptz not null,
  state varchar(255) not null,
  attempt int not null default 0,
  entries int null,
  done int not null default 0,
  tree_size bigint null,
  bytes bigint null,
  digest bytea null,
  error varchar(255) null,
  created_at timestamptz not null,
  ready_at timestamptz null,
  expires_at timestamptz not null,
  primary key (id)
);
create index audit_exports_expires_at_index on countersign.audit_exports (expires_at);
alter table countersign.audit_exports add constraint audit_exports_organization_id_id_unique unique (organization_id, id);

create table countersign.audit_export_chunks (
  organization_id uuid not null,
  export_id uuid not null,
  attempt int not null,
  position int not null,
  data bytea not null,
  primary key (organization_id, export_id, attempt, position)
);
-- They are compressed and encrypted already.
alter table countersign.audit_export_chunks alter column data set storage external;
alter table countersign.audit_export_chunks add constraint audit_export_chunks_export_id_fkey
  foreign key (organization_id, export_id) references countersign.audit_exports (organization_id, id);

select countersign.isolate_organizations('countersign.audit_exports', 'countersign.audit_export_chunks');
grant select, insert, update, delete on countersign.audit_exports, countersign.audit_export_chunks to countersign_app;
