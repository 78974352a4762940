-- Since when the image pull of an attempt fails. Replaces the phase 'image', which starting reservations may still be in.
alter table attempts add column pull_failing_since timestamptz;
update reservations set phase = 'pulling' where phase = 'image';
