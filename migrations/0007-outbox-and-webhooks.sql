create table countersign.outbox (
  id uuid not null,
  organization_id uuid not null,
  channel varchar(255) not null,
  reference jsonb not null,
  body bytea null,
  created_at timestamptz not null,
  due_at timestamptz not null,
  attempts int not null default 0,
  last_error varchar(255) null,
  failed_at timestamptz null,
  primary key (id)
);
create index outbox_due on countersign.outbox (channel, due_at) where failed_at is null;

create table countersign.webhooks (
  id uuid not null,
  organization_id uuid not null,
  target bytea not null,
  events text[] not null,
  created_at timestamptz not null,
  disabled_at timestamptz null,
  deleted_at timestamptz null,
  primary key (id)
);
alter table countersign.webhooks add constraint webhooks_organization_id_id_unique unique (organization_id, id);

create table countersign.webhook_deliveries (
  id uuid not null,
  organization_id uuid not null,
  webhook_id uuid not null,
  event_id uuid not null,
  event_type varchar(255) not null,
  body bytea not null,
  state varchar(255) not null,
  attempts int not null default 0,
  last_status int null,
  last_error varchar(255) null,
  created_at timestamptz not null,
  last_attempt_at timestamptz null,
  delivered_at timestamptz null,
  primary key (id)
);
create index webhook_deliveries_webhook_id_created_at_id_index on countersign.webhook_deliveries (webhook_id, created_at, id);
alter table countersign.webhook_deliveries add constraint webhook_deliveries_webhook_id_fkey
  foreign key (organization_id, webhook_id) references countersign.webhooks (organization_id, id);

select countersign.isolate_organizations('countersign.outbox', 'countersign.webhooks', 'countersign.webhook_deliveries');
grant select, insert, update, delete on
  countersign.outbox, countersign.webhooks, countersign.webhook_deliveries
  to countersign_app;

create policy relay on countersign.outbox to countersign_relay using (true) with check (true);
grant select, update on countersign.outbox to countersign_relay;
