-- Fills a migrated database with a fleet: its sizes are the settings fleet.users, fleet.nodes,
-- fleet.history, fleet.live, fleet.queued and fleet.events. Ids are numbers in the alphabet of ids.
begin;
-- Without triggers: foreign keys hold by construction, and nobody listens.
set local session_replication_role = replica;

create function pg_temp.id(kind text, n bigint) returns text immutable language sql as
  $$ select kind || lpad(n::text, 15, '0') $$;
create function pg_temp.size(name text) returns integer stable language sql as
  $$ select current_setting('fleet.' || name)::integer $$;
create function pg_temp.type(n bigint) returns text immutable language sql as
  $$ select (array['h100', 'h200', 'b200', 'a100', 't4'])[n % 5 + 1] $$;

insert into users (id, name, created_at)
select pg_temp.id('0', n), 'user' || n, now() - interval '2 years'
from generate_series(1, pg_temp.size('users')) n;

insert into identities (provider, subject, user_id, created_at)
select 'development', 'user' || n, pg_temp.id('0', n), now() - interval '2 years'
from generate_series(1, pg_temp.size('users')) n;

insert into api_tokens (id, user_id, token_hash, role, created_at, expires_at)
select pg_temp.id('1', n), pg_temp.id('0', n), sha256(('token' || n)::bytea), 'user',
  now() - interval '1 hour', now() + interval '11 hours'
from generate_series(1, pg_temp.size('users')) n;

insert into ssh_keys (id, user_id, public_key, fingerprint, created_at)
select pg_temp.id('2', n), pg_temp.id('0', n), 'ssh-ed25519 AAAA' || n, 'SHA256:' || n,
  now() - interval '1 year'
from generate_series(1, pg_temp.size('users')) n;

insert into capacity_nodes (name, uid, gpu_type, zone, units, ready, cordoned, resource_version,
  observed_at)
select 'node-' || n, 'uid-' || n, pg_temp.type(n), 'zone-' || n % 3, 8, true, false, n::text, now()
from generate_series(0, pg_temp.size('nodes') - 1) n;
insert into cluster_contact (cluster, seen_at) values ('default', now());

insert into disks (id, owner_id, name, size_gib, zone, claim_name, created_at)
select pg_temp.id('3', n), pg_temp.id('0', n), 'work', 100, 'zone-' || n % 3,
  'gd-disk-' || pg_temp.id('3', n), now() - interval '1 year'
from generate_series(1, pg_temp.size('users')) n;

-- History: each reservation lasted two hours; the last one ended an hour ago.
insert into reservations (id, owner_id, name, spec, gpu_type, gpus, duration_seconds, state,
  generation, attempt, created_at, state_since, phase_since, queued_at, placed_at, ready_at,
  capacity_until, expires_at, ended_at, end_reason)
select pg_temp.id('4', n), pg_temp.id('0', n % pg_temp.size('users') + 1), 'run-' || n % 50,
  jsonb_build_object('gpuType', pg_temp.type(n), 'gpus', 1, 'image', 'pytorch'), pg_temp.type(n), 1,
  7200, 'ended', 9, 1, t - interval '3 hours', t, t, t - interval '3 hours', t - interval '2 hours',
  t - interval '2 hours', t + interval '10 minutes', t, t, 'expired'
from generate_series(1, pg_temp.size('history')) n,
  lateral (select now() - interval '1 hour'
    - (pg_temp.size('history') - n) * (interval '2 years' / pg_temp.size('history')) as t) at;

insert into attempts (reservation_id, rank, attempt, node, units, pod_name, pod_uid, created_at,
  gone_at)
select id, 0, 1, 'node-' || row_number() over () % pg_temp.size('nodes'), 1, 'gd-' || id || '-0-1',
  'pod-' || id, placed_at, ended_at
from reservations;

insert into attachments (disk_id, reservation_id, attached_at, released_at)
select pg_temp.id('3', substr(owner_id, 2)::bigint), id, created_at, ended_at from reservations;

-- Live: ready for an hour, on the node of their type.
insert into reservations (id, owner_id, name, spec, gpu_type, gpus, duration_seconds, state,
  generation, attempt, created_at, state_since, phase_since, queued_at, placed_at, ready_at,
  capacity_until, expires_at)
select pg_temp.id('5', n), pg_temp.id('0', n % pg_temp.size('users') + 1), 'live-' || n,
  jsonb_build_object('gpuType', pg_temp.type(n), 'gpus', 1, 'image', 'pytorch'), pg_temp.type(n), 1,
  86400, 'ready', 4, 1, now() - interval '1 hour', now() - interval '1 hour',
  now() - interval '1 hour', now() - interval '1 hour', now() - interval '1 hour',
  now() - interval '1 hour', now() + interval '24 hours', now() + interval '23 hours'
from generate_series(1, pg_temp.size('live')) n;

insert into attempts (reservation_id, rank, attempt, node, units, pod_name, pod_uid, created_at)
select pg_temp.id('5', n), 0, 1, 'node-' || n % pg_temp.size('nodes'), 1,
  'gd-' || pg_temp.id('5', n) || '-0-1', 'pod-live-' || n, now() - interval '1 hour'
from generate_series(1, pg_temp.size('live')) n;

-- Each user's first live reservation holds the user's disk.
insert into attachments (disk_id, reservation_id, attached_at)
select pg_temp.id('3', n % pg_temp.size('users') + 1), pg_temp.id('5', n), now() - interval '1 hour'
from generate_series(1, least(pg_temp.size('live'), pg_temp.size('users'))) n;

insert into reservations (id, owner_id, name, spec, gpu_type, gpus, duration_seconds, state,
  created_at, state_since, phase_since, queued_at)
select pg_temp.id('6', n), pg_temp.id('0', n % pg_temp.size('users') + 1), 'queued-' || n,
  jsonb_build_object('gpuType', 'h100', 'gpus', 8, 'image', 'pytorch'), 'h100', 8, 7200, 'queued',
  t, t, t, t
from generate_series(1, pg_temp.size('queued')) n,
  lateral (select now() - (pg_temp.size('queued') - n) * interval '1 second' as t) at;

-- Events in the order of time, so that ids, transaction ids and times agree as in production. Their
-- transactions are all in the past of this server.
insert into events (xid, owner_id, reservation_id, type, at, message)
select (3 + n::bigint * (pg_current_xact_id()::text::bigint - 4) / pg_temp.size('events'))::text::xid8, r.owner_id, r.id, 'reservation.phase',
  now() - (pg_temp.size('events') - n) * (interval '120 days' / pg_temp.size('events')),
  'The pod of this reservation is starting.'
from generate_series(1, pg_temp.size('events')) n
join reservations r on r.id = pg_temp.id('4', n % pg_temp.size('history') + 1)
order by n;

insert into audit (at, user_id, action, outcome, request_id)
select now() - n * interval '1 minute', pg_temp.id('0', n % pg_temp.size('users') + 1),
  'createReservation', 'allowed', 'request-' || n
from generate_series(1, pg_temp.size('history')) n;

insert into idempotency_keys (user_id, key, request_hash, created_at)
select pg_temp.id('0', n % pg_temp.size('users') + 1), 'key-' || n, sha256(n::text::bytea),
  now() - n * interval '1 second'
from generate_series(1, pg_temp.size('history')) n;

commit;
