-- Drops the values of features that do not exist yet: the migration of each feature adds its values
-- again. The phase 'image' stays allowed as long as the previous version, which writes it, may run
-- next to this one.
alter table reservations
  drop constraint reservations_phase_check,
  add constraint reservations_phase_check check (
    phase in ('placing', 'disk', 'image', 'pulling', 'booting', 'closing', 'saving-disk', 'removing')),
  drop constraint phase_belongs_to_state,
  add constraint phase_belongs_to_state check (
    case state
      when 'starting' then phase is not null and phase in ('placing', 'disk', 'image', 'pulling', 'booting')
      when 'stopping' then phase is not null and phase in ('closing', 'saving-disk', 'removing')
      else phase is null
    end),
  drop constraint reservations_end_reason_check,
  add constraint reservations_end_reason_check check (
    end_reason in ('expired', 'cancelled', 'start-failed', 'node-lost', 'evicted', 'horizon', 'crash-loop')),
  drop constraint end_reason_fits_state,
  add constraint end_reason_fits_state check (
    (state <> 'ended' or end_reason in ('expired', 'cancelled'))
    and (state <> 'failed' or end_reason not in ('expired', 'cancelled')));

-- Nothing checks the fencing tokens. The previous version still writes them, so a later release
-- drops the columns.
alter table attachments alter column fence set default 0;
