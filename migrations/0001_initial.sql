-- The state of the control plane. CHECK constraints and partial unique indexes enforce the same
-- rules as the state machine in the code. Identifiers are 16 characters of Crockford base32. Every
-- time is a timestamptz by the clock of this database.

create domain entity_id as text check (value ~ '^[0-9a-hjkmnp-tv-z]{16}$');

-- One row: the installation that this database belongs to. Objects in the cluster carry its id as a
-- label.
create table installation (
  only_row boolean primary key default true check (only_row),
  id entity_id not null,
  created_at timestamptz not null default now()
);

create table users (
  id entity_id primary key,
  name text not null unique check (name ~ '^[a-z][a-z0-9-]{0,31}$'),
  created_at timestamptz not null
);

create table api_tokens (
  id entity_id primary key,
  user_id entity_id not null references users,
  token_hash bytea not null unique,
  role text not null check (role in ('user', 'operator', 'admin')),
  label text not null default '',
  created_at timestamptz not null,
  expires_at timestamptz not null check (expires_at > created_at),
  revoked_at timestamptz
);
create index api_tokens_by_user on api_tokens (user_id);

create table ssh_keys (
  id entity_id primary key,
  user_id entity_id not null references users,
  public_key text not null,
  fingerprint text not null,
  comment text not null default '',
  created_at timestamptz not null,
  unique (user_id, fingerprint)
);

-- The nodes of the cluster as the capacity reconciler last observed them. `units` are GPUs, or
-- slots for CPU types.
create table capacity_nodes (
  cluster text not null default 'default',
  name text not null,
  uid text not null,
  gpu_type text not null,
  zone text not null,
  units integer not null check (units >= 0),
  foreign_units integer not null default 0 check (foreign_units >= 0),
  ready boolean not null,
  cordoned boolean not null,
  resource_version text not null,
  observed_at timestamptz not null,
  primary key (cluster, name)
);
create index capacity_nodes_by_type on capacity_nodes (cluster, gpu_type);

-- When the cluster last responded. A failed read does not mean that nodes are absent: their rows
-- stay, and this time stays as it is.
create table cluster_contact (
  cluster text primary key,
  seen_at timestamptz not null
);

create table reservations (
  id entity_id primary key,
  cluster text not null default 'default',
  owner_id entity_id not null references users,
  name text not null check (name ~ '^[a-z][a-z0-9-]{0,31}$'),
  -- The immutable request as it was accepted. The columns below repeat the parts that SQL needs.
  spec jsonb not null,
  gpu_type text not null,
  gpus integer not null check (gpus >= 0),
  node_count integer not null default 1 check (node_count >= 1),
  duration_seconds integer not null check (duration_seconds between 1 and 172800),
  state text not null check (state in ('queued', 'starting', 'ready', 'stopping', 'ended', 'failed')),
  phase text check (phase in ('placing', 'disk', 'image', 'pulling', 'booting', 'reachable',
                              'closing', 'saving-disk', 'removing')),
  phase_detail text,
  waiting_reason text,
  waiting_position integer,
  generation integer not null default 0,
  attempt integer not null default 0 check (attempt >= 0),
  host_public_key text,
  created_at timestamptz not null,
  -- When the current state and phase began. Deadlines count from here, never from created_at.
  state_since timestamptz not null,
  phase_since timestamptz not null,
  queued_at timestamptz not null,
  placed_at timestamptz,
  ready_at timestamptz,
  capacity_until timestamptz,
  expires_at timestamptz,
  cancel_requested_at timestamptz,
  ended_at timestamptz,
  end_reason text check (end_reason in ('expired', 'cancelled', 'released', 'idle', 'unclaimed', 'start-failed',
                                        'node-lost', 'evicted', 'interrupted', 'horizon', 'crash-loop')),
  end_detail text,
  -- The last warning that was sent, in minutes before the end; null if none was sent.
  warned_minutes integer,
  extended_seconds integer not null default 0 check (extended_seconds >= 0),

  constraint phase_belongs_to_state check (
    case state
      when 'starting' then phase is not null and phase in ('placing', 'disk', 'image', 'pulling', 'booting', 'reachable')
      when 'stopping' then phase is not null and phase in ('closing', 'saving-disk', 'removing')
      else phase is null
    end),
  constraint end_reason_iff_ending check ((end_reason is not null) = (state in ('stopping', 'ended', 'failed'))),
  constraint ended_at_iff_terminal check ((ended_at is not null) = (state in ('ended', 'failed'))),
  constraint end_reason_fits_state check (
    (state <> 'ended' or end_reason in ('expired', 'cancelled', 'released', 'idle', 'unclaimed'))
    and (state <> 'failed' or end_reason not in ('expired', 'cancelled', 'released', 'idle', 'unclaimed'))),
  constraint lease_while_it_holds check (
    (state not in ('starting', 'ready') or (placed_at is not null and capacity_until is not null))
    and (state <> 'ready' or (ready_at is not null and expires_at is not null))),
  constraint lease_within_capacity check (expires_at is null or capacity_until is null or expires_at <= capacity_until),
  constraint total_limit check (duration_seconds + extended_seconds <= 172800)
);
create unique index one_live_reservation_per_name on reservations (owner_id, name)
  where state not in ('ended', 'failed');
create index reservations_queue on reservations (cluster, gpu_type, queued_at, id) where state = 'queued';
create index reservations_live on reservations (state, state_since) where state not in ('ended', 'failed');
create index reservations_by_owner on reservations (owner_id, created_at desc, id desc);

-- One row for each start of a member. It holds units on its node until a read shows that the pod
-- object no longer exists.
create table attempts (
  reservation_id entity_id not null references reservations,
  rank integer not null check (rank >= 0),
  attempt integer not null check (attempt >= 1),
  cluster text not null default 'default',
  node text not null,
  units integer not null check (units >= 0),
  pod_name text not null unique,
  pod_uid text,
  restarts integer not null default 0,
  workspace_path text,
  pod_ip text,
  created_at timestamptz not null,
  -- Set when a successful read shows that this pod no longer exists, or if it was never created.
  gone_at timestamptz,
  primary key (reservation_id, rank, attempt)
);
create index attempts_holding on attempts (cluster, node) where gone_at is null;
create unique index one_holding_attempt_per_member on attempts (reservation_id, rank) where gone_at is null;

create table disks (
  id entity_id primary key,
  owner_id entity_id not null references users,
  name text not null check (name ~ '^[a-z][a-z0-9-]{0,31}$'),
  size_gib integer not null check (size_gib > 0),
  zone text,
  claim_name text not null unique,
  claim_uid text,
  -- Increases with each attachment.
  fence bigint not null default 0,
  created_at timestamptz not null,
  last_used_at timestamptz,
  unique (owner_id, name)
);

create table attachments (
  disk_id entity_id not null references disks,
  reservation_id entity_id not null references reservations,
  fence bigint not null,
  attached_at timestamptz not null,
  released_at timestamptz,
  primary key (disk_id, reservation_id)
);
create unique index one_holder_per_disk on attachments (disk_id) where released_at is null;
create index attachments_by_reservation on attachments (reservation_id);

-- Append-only: timelines and the event stream. Transactions may commit in a different order than
-- their ids were assigned, so the cursor of the stream is (xid, id), and only rows below the oldest
-- running transaction are read.
create table events (
  id bigint generated always as identity primary key,
  xid xid8 not null default pg_current_xact_id(),
  owner_id entity_id not null references users,
  reservation_id entity_id references reservations,
  type text not null,
  at timestamptz not null,
  message text not null,
  data jsonb not null default '{}'
);
create index events_stream on events (xid, id);
create index events_by_reservation on events (reservation_id, xid, id);

create table idempotency_keys (
  user_id entity_id not null references users,
  key text not null,
  request_hash bytea not null,
  status integer,
  response jsonb,
  created_at timestamptz not null,
  primary key (user_id, key)
);
create index idempotency_keys_by_age on idempotency_keys (created_at);

create table audit (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  user_id entity_id references users,
  action text not null,
  target text,
  outcome text not null check (outcome in ('allowed', 'refused')),
  request_id text not null
);
create index audit_by_age on audit (at);

-- The job workers that are alive. If a worker sends no heartbeat, its locks are released within 30
-- seconds.
create table worker_heartbeats (
  worker_id text primary key,
  beat_at timestamptz not null
);

-- Objects in the cluster that no row explains. They are removed only if they are seen twice, some
-- time apart.
create table garbage_sightings (
  cluster text not null,
  uid text not null,
  kind text not null,
  name text not null,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  primary key (cluster, uid)
);

-- Wakes the event streams. It is only a hint: they also poll.
create function notify_event() returns trigger language plpgsql as $$
begin
  perform pg_notify('gpu_dev_events', '');
  return null;
end $$;
create trigger events_notify after insert on events for each statement execute function notify_event();
