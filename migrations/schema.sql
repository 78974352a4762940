-- The schema after all migrations. Written by `npm run schema`; a test compares it.

-- domains

create domain entity_id as text CHECK ((VALUE ~ '^[0-9a-hjkmnp-tv-z]{16}$'::text));

-- tables

create table api_tokens (
  id entity_id not null,
  user_id entity_id not null,
  token_hash bytea not null,
  role text not null,
  label text not null default ''::text,
  created_at timestamp with time zone not null,
  expires_at timestamp with time zone not null,
  revoked_at timestamp with time zone,
  constraint api_tokens_check CHECK ((expires_at > created_at)),
  constraint api_tokens_role_check CHECK ((role = ANY (ARRAY['user'::text, 'operator'::text, 'admin'::text]))),
  constraint api_tokens_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id),
  constraint api_tokens_pkey PRIMARY KEY (id),
  constraint api_tokens_token_hash_key UNIQUE (token_hash)
);

create table attachments (
  disk_id entity_id not null,
  reservation_id entity_id not null,
  fence bigint not null default 0,
  attached_at timestamp with time zone not null,
  released_at timestamp with time zone,
  constraint attachments_disk_id_fkey FOREIGN KEY (disk_id) REFERENCES disks(id),
  constraint attachments_reservation_id_fkey FOREIGN KEY (reservation_id) REFERENCES reservations(id),
  constraint attachments_pkey PRIMARY KEY (disk_id, reservation_id)
);

create table attempts (
  reservation_id entity_id not null,
  rank integer not null,
  attempt integer not null,
  cluster text not null default 'default'::text,
  node text not null,
  units integer not null,
  pod_name text not null,
  pod_uid text,
  restarts integer not null default 0,
  workspace_path text,
  pod_ip text,
  created_at timestamp with time zone not null,
  gone_at timestamp with time zone,
  pull_failing_since timestamp with time zone,
  constraint attempts_attempt_check CHECK ((attempt >= 1)),
  constraint attempts_rank_check CHECK ((rank >= 0)),
  constraint attempts_units_check CHECK ((units >= 0)),
  constraint attempts_reservation_id_fkey FOREIGN KEY (reservation_id) REFERENCES reservations(id),
  constraint attempts_pkey PRIMARY KEY (reservation_id, rank, attempt),
  constraint attempts_pod_name_key UNIQUE (pod_name)
);

create table audit (
  id bigint not null generated always as identity,
  at timestamp with time zone not null,
  user_id entity_id,
  action text not null,
  target text,
  outcome text not null,
  request_id text not null,
  constraint audit_outcome_check CHECK ((outcome = ANY (ARRAY['allowed'::text, 'refused'::text]))),
  constraint audit_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id),
  constraint audit_pkey PRIMARY KEY (id)
);

create table capacity_nodes (
  cluster text not null default 'default'::text,
  name text not null,
  uid text not null,
  gpu_type text not null,
  zone text not null,
  units integer not null,
  foreign_units integer not null default 0,
  ready boolean not null,
  cordoned boolean not null,
  resource_version text not null,
  observed_at timestamp with time zone not null,
  unhealthy_units integer not null default 0,
  constraint capacity_nodes_foreign_units_check CHECK ((foreign_units >= 0)),
  constraint capacity_nodes_unhealthy_units_check CHECK ((unhealthy_units >= 0)),
  constraint capacity_nodes_units_check CHECK ((units >= 0)),
  constraint capacity_nodes_pkey PRIMARY KEY (cluster, name)
);

create table cluster_contact (
  cluster text not null,
  seen_at timestamp with time zone not null,
  constraint cluster_contact_pkey PRIMARY KEY (cluster)
);

create table disks (
  id entity_id not null,
  owner_id entity_id not null,
  name text not null,
  size_gib integer not null,
  zone text,
  claim_name text not null,
  claim_uid text,
  fence bigint not null default 0,
  created_at timestamp with time zone not null,
  last_used_at timestamp with time zone,
  constraint disks_name_check CHECK ((name ~ '^[a-z][a-z0-9-]{0,31}$'::text)),
  constraint disks_size_gib_check CHECK ((size_gib > 0)),
  constraint disks_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES users(id),
  constraint disks_pkey PRIMARY KEY (id),
  constraint disks_claim_name_key UNIQUE (claim_name),
  constraint disks_owner_id_name_key UNIQUE (owner_id, name)
);

create table events (
  id bigint not null generated always as identity,
  xid xid8 not null default pg_current_xact_id(),
  owner_id entity_id not null,
  reservation_id entity_id,
  type text not null,
  at timestamp with time zone not null,
  message text not null,
  data jsonb not null default '{}'::jsonb,
  constraint events_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES users(id),
  constraint events_reservation_id_fkey FOREIGN KEY (reservation_id) REFERENCES reservations(id),
  constraint events_pkey PRIMARY KEY (id)
);

create table garbage_sightings (
  cluster text not null,
  uid text not null,
  kind text not null,
  name text not null,
  first_seen_at timestamp with time zone not null,
  last_seen_at timestamp with time zone not null,
  constraint garbage_sightings_pkey PRIMARY KEY (cluster, uid)
);

create table idempotency_keys (
  user_id entity_id not null,
  key text not null,
  request_hash bytea not null,
  status integer,
  response jsonb,
  created_at timestamp with time zone not null,
  constraint idempotency_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id),
  constraint idempotency_keys_pkey PRIMARY KEY (user_id, key)
);

create table identities (
  provider text not null,
  subject text not null,
  user_id entity_id not null,
  created_at timestamp with time zone not null,
  constraint identities_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id),
  constraint identities_pkey PRIMARY KEY (provider, subject)
);

create table installation (
  only_row boolean not null default true,
  id entity_id not null,
  created_at timestamp with time zone not null default now(),
  constraint installation_only_row_check CHECK (only_row),
  constraint installation_pkey PRIMARY KEY (only_row)
);

create table migrations (
  number integer not null,
  file text not null,
  breaking boolean not null,
  applied_at timestamp with time zone not null default now(),
  constraint migrations_pkey PRIMARY KEY (number)
);

create table reservations (
  id entity_id not null,
  cluster text not null default 'default'::text,
  owner_id entity_id not null,
  name text not null,
  spec jsonb not null,
  gpu_type text not null,
  gpus integer not null,
  node_count integer not null default 1,
  duration_seconds integer not null,
  state text not null,
  phase text,
  phase_detail text,
  waiting_reason text,
  waiting_position integer,
  generation integer not null default 0,
  attempt integer not null default 0,
  host_public_key text,
  created_at timestamp with time zone not null,
  state_since timestamp with time zone not null,
  phase_since timestamp with time zone not null,
  queued_at timestamp with time zone not null,
  placed_at timestamp with time zone,
  ready_at timestamp with time zone,
  capacity_until timestamp with time zone,
  expires_at timestamp with time zone,
  cancel_requested_at timestamp with time zone,
  ended_at timestamp with time zone,
  end_reason text,
  end_detail text,
  warned_minutes integer,
  extended_seconds integer not null default 0,
  constraint end_reason_fits_state CHECK ((((state <> 'ended'::text) OR (end_reason = ANY (ARRAY['expired'::text, 'cancelled'::text]))) AND ((state <> 'failed'::text) OR (end_reason <> ALL (ARRAY['expired'::text, 'cancelled'::text]))))),
  constraint end_reason_iff_ending CHECK (((end_reason IS NOT NULL) = (state = ANY (ARRAY['stopping'::text, 'ended'::text, 'failed'::text])))),
  constraint ended_at_iff_terminal CHECK (((ended_at IS NOT NULL) = (state = ANY (ARRAY['ended'::text, 'failed'::text])))),
  constraint lease_while_it_holds CHECK ((((state <> ALL (ARRAY['starting'::text, 'ready'::text])) OR ((placed_at IS NOT NULL) AND (capacity_until IS NOT NULL))) AND ((state <> 'ready'::text) OR ((ready_at IS NOT NULL) AND (expires_at IS NOT NULL))))),
  constraint lease_within_capacity CHECK (((expires_at IS NULL) OR (capacity_until IS NULL) OR (expires_at <= capacity_until))),
  constraint phase_belongs_to_state CHECK (
CASE state
    WHEN 'starting'::text THEN ((phase IS NOT NULL) AND (phase = ANY (ARRAY['placing'::text, 'disk'::text, 'image'::text, 'pulling'::text, 'booting'::text])))
    WHEN 'stopping'::text THEN ((phase IS NOT NULL) AND (phase = ANY (ARRAY['closing'::text, 'saving-disk'::text, 'removing'::text])))
    ELSE (phase IS NULL)
END),
  constraint reservations_attempt_check CHECK ((attempt >= 0)),
  constraint reservations_duration_seconds_check CHECK (((duration_seconds >= 1) AND (duration_seconds <= 172800))),
  constraint reservations_end_reason_check CHECK ((end_reason = ANY (ARRAY['expired'::text, 'cancelled'::text, 'start-failed'::text, 'node-lost'::text, 'evicted'::text, 'horizon'::text, 'crash-loop'::text]))),
  constraint reservations_extended_seconds_check CHECK ((extended_seconds >= 0)),
  constraint reservations_gpus_check CHECK ((gpus >= 0)),
  constraint reservations_name_check CHECK ((name ~ '^[a-z][a-z0-9-]{0,31}$'::text)),
  constraint reservations_node_count_check CHECK ((node_count >= 1)),
  constraint reservations_phase_check CHECK ((phase = ANY (ARRAY['placing'::text, 'disk'::text, 'image'::text, 'pulling'::text, 'booting'::text, 'closing'::text, 'saving-disk'::text, 'removing'::text]))),
  constraint reservations_state_check CHECK ((state = ANY (ARRAY['queued'::text, 'starting'::text, 'ready'::text, 'stopping'::text, 'ended'::text, 'failed'::text]))),
  constraint total_limit CHECK (((duration_seconds + extended_seconds) <= 172800)),
  constraint reservations_owner_id_fkey FOREIGN KEY (owner_id) REFERENCES users(id),
  constraint reservations_pkey PRIMARY KEY (id)
);

create table ssh_keys (
  id entity_id not null,
  user_id entity_id not null,
  public_key text not null,
  fingerprint text not null,
  comment text not null default ''::text,
  created_at timestamp with time zone not null,
  constraint ssh_keys_user_id_fkey FOREIGN KEY (user_id) REFERENCES users(id),
  constraint ssh_keys_pkey PRIMARY KEY (id),
  constraint ssh_keys_user_id_fingerprint_key UNIQUE (user_id, fingerprint)
);

create table users (
  id entity_id not null,
  name text not null,
  created_at timestamp with time zone not null,
  constraint users_name_check CHECK ((name ~ '^[a-z][a-z0-9-]{0,31}$'::text)),
  constraint users_pkey PRIMARY KEY (id),
  constraint users_name_key UNIQUE (name)
);

create table worker_heartbeats (
  worker_id text not null,
  beat_at timestamp with time zone not null,
  constraint worker_heartbeats_pkey PRIMARY KEY (worker_id)
);

-- indexes

CREATE INDEX api_tokens_by_user ON public.api_tokens USING btree (user_id);

CREATE INDEX attachments_by_reservation ON public.attachments USING btree (reservation_id);

CREATE INDEX attempts_freed ON public.attempts USING btree (gone_at) WHERE (gone_at IS NOT NULL);

CREATE INDEX attempts_holding ON public.attempts USING btree (cluster, node) WHERE (gone_at IS NULL);

CREATE INDEX audit_by_age ON public.audit USING btree (at);

CREATE INDEX capacity_nodes_by_type ON public.capacity_nodes USING btree (cluster, gpu_type);

CREATE INDEX events_by_owner ON public.events USING btree (owner_id, xid, id);

CREATE INDEX events_by_reservation ON public.events USING btree (reservation_id, xid, id);

CREATE INDEX events_stream ON public.events USING btree (xid, id);

CREATE INDEX idempotency_keys_by_age ON public.idempotency_keys USING btree (created_at);

CREATE INDEX identities_by_user ON public.identities USING btree (user_id);

CREATE UNIQUE INDEX one_holder_per_disk ON public.attachments USING btree (disk_id) WHERE (released_at IS NULL);

CREATE UNIQUE INDEX one_holding_attempt_per_member ON public.attempts USING btree (reservation_id, rank) WHERE (gone_at IS NULL);

CREATE UNIQUE INDEX one_live_reservation_per_name ON public.reservations USING btree (owner_id, name) WHERE (state <> ALL (ARRAY['ended'::text, 'failed'::text]));

CREATE INDEX reservations_by_owner ON public.reservations USING btree (owner_id, created_at DESC, id DESC);

CREATE INDEX reservations_live ON public.reservations USING btree (state, state_since) WHERE (state <> ALL (ARRAY['ended'::text, 'failed'::text]));

CREATE INDEX reservations_queue ON public.reservations USING btree (cluster, gpu_type, queued_at, id) WHERE (state = 'queued'::text);

-- functions

CREATE OR REPLACE FUNCTION public.notify_availability()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform pg_notify('gpu_dev_changes', 'availability');
  return null;
end $function$
;

CREATE OR REPLACE FUNCTION public.notify_event()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$
begin
  perform pg_notify('gpu_dev_events', '');
  return null;
end $function$
;

-- triggers

CREATE TRIGGER attempts_held_or_free AFTER UPDATE OF gone_at ON public.attempts FOR EACH ROW WHEN (((old.gone_at IS NULL) <> (new.gone_at IS NULL))) EXECUTE FUNCTION notify_availability();

CREATE TRIGGER attempts_hold AFTER INSERT ON public.attempts FOR EACH ROW WHEN ((new.gone_at IS NULL)) EXECUTE FUNCTION notify_availability();

CREATE TRIGGER capacity_nodes_came_or_went AFTER INSERT OR DELETE ON public.capacity_nodes FOR EACH ROW EXECUTE FUNCTION notify_availability();

CREATE TRIGGER capacity_nodes_changed AFTER UPDATE ON public.capacity_nodes FOR EACH ROW WHEN (((((((old.gpu_type IS DISTINCT FROM new.gpu_type) OR (old.zone IS DISTINCT FROM new.zone)) OR (old.units IS DISTINCT FROM new.units)) OR (old.foreign_units IS DISTINCT FROM new.foreign_units)) OR (old.ready IS DISTINCT FROM new.ready)) OR (old.cordoned IS DISTINCT FROM new.cordoned))) EXECUTE FUNCTION notify_availability();

CREATE TRIGGER events_notify AFTER INSERT ON public.events FOR EACH STATEMENT EXECUTE FUNCTION notify_event();

CREATE TRIGGER reservations_queue_changed AFTER UPDATE OF state ON public.reservations FOR EACH ROW WHEN (((old.state = 'queued'::text) <> (new.state = 'queued'::text))) EXECUTE FUNCTION notify_availability();

CREATE TRIGGER reservations_queue_joined AFTER INSERT ON public.reservations FOR EACH ROW WHEN ((new.state = 'queued'::text)) EXECUTE FUNCTION notify_availability();
