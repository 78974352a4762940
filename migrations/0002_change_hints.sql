-- Tells the processes that hold event streams that something changed which has no event of its own: what the
-- availability shows, and (by the statement that writes it) why somebody waits. Row triggers with conditions: the
-- capacity rows are written again at every resync, and only a row that now says something else is a change. Equal
-- notifications of one transaction are sent once.

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
