-- Units that a node has but cannot allocate: GPUs that its device plugin reports as unhealthy.
-- Waiting reasons name them.

alter table capacity_nodes add column unhealthy_units integer not null default 0
  constraint capacity_nodes_unhealthy_units_check check (unhealthy_units >= 0);
