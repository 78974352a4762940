-- When the image pull of an attempt began to fail. It replaces the phase 'image', in which starting
-- reservations may still be.
alter table attempts add column pull_failing_since timestamptz;
update reservations set phase = 'pulling' where phase = 'image';
