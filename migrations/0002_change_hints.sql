-- Notifies the processes that serve event streams of changes that have no event: the triggers below
-- report changes of the availability, and the statement that writes a waiting reason reports it.
-- The triggers are row triggers with conditions, because every resync writes all capacity rows, and
-- only a row with different values is a change. PostgreSQL sends equal notifications of one
-- transaction once.

create function notify_availability() returns trigger language plpgsql as $$
begin
  perform pg_notify('gpu_dev_changes', 'availability');
  return null;
end $$;

create trigger capacity_nodes_came_or_went after insert or delete on capacity_nodes
  for each row execute function notify_availability();
create trigger capacity_nodes_changed after update on capacity_nodes
  for each row when ((old.gpu_type, old.zone, old.units, old.foreign_units, old.ready, old.cordoned)
    is distinct from (new.gpu_type, new.zone, new.units, new.foreign_units, new.ready, new.cordoned))
  execute function notify_availability();

create trigger attempts_hold after insert on attempts
  for each row when (new.gone_at is null) execute function notify_availability();
create trigger attempts_held_or_free after update of gone_at on attempts
  for each row when ((old.gone_at is null) <> (new.gone_at is null)) execute function notify_availability();

create trigger reservations_queue_joined after insert on reservations
  for each row when (new.state = 'queued') execute function notify_availability();
create trigger reservations_queue_changed after update of state on reservations
  for each row when ((old.state = 'queued') <> (new.state = 'queued')) execute function notify_availability();
