create table countersign.audit_witnesses (
  id uuid not null,
  organization_id uuid not null,
  name varchar(255) not null,
  verifier_key text not null,
  registered_at timestamptz not null,
  primary key (id)
);
alter table countersign.audit_witnesses add constraint audit_witnesses_organization_id_name_unique unique (organization_id, name);

create table countersign.audit_cosignatures (
  organization_id uuid not null,
  tree_size bigint not null,
  verifier_key text not null,
  line text not null,
  cosigned_at timestamptz not null,
  received_at timestamptz not null,
  primary key (organization_id, tree_size, verifier_key)
);

select countersign.isolate_organizations('countersign.audit_witnesses', 'countersign.audit_cosignatures');
grant select, insert, update, delete on countersign.audit_witnesses to countersign_app;

-- A cosignature is evidence.
grant select, insert on countersign.audit_cosignatures to countersign_app;
create trigger insert_only before update or delete on countersign.audit_cosignatures
  for each row execute function countersign.refuse_change();
create trigger never_emptied before truncate on countersign.audit_cosignatures execute function countersign.refuse_change();
