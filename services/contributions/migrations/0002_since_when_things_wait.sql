-- Since when a declaration or an early reversal waits here. No rule reads it, so the database may date it by itself.
alter table declaration add column waits_since timestamptz not null default clock_timestamp();
alter table waiting_reversal add column waits_since timestamptz not null default clock_timestamp();

-- Money in suspense is listed and summed, however much of other money is held as credit.
create index hold_in_suspense on hold (source, payment_id) include (held_xof) where held_as = 'suspense';
