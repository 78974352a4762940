-- Units that a node has and can't give: GPUs that its device plugin calls unhealthy. Who waits is told of them.

alter table capacity_nodes add column unhealthy_units integer not null default 0
  constraint capacity_nodes_unhealthy_units_check check (unhealthy_units >= 0);
