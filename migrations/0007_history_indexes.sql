-- Keeps queries of the present from reading history: the catch-up of one user's event stream, and
-- the pods whose units were freed lately.
create index events_by_owner on events (owner_id, xid, id);
create index attempts_freed on attempts (gone_at) where gone_at is not null;
