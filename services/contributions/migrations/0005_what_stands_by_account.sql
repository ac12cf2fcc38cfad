-- What stands of an account is asked for without its rows: its last payment and the periods that its payments designate,
-- and what was received on each period. Indexes that hold it, in the place of those that only find the rows.
create index payment_in_order on payment (account_key, paid_on) include (period) where reverses is null;
create index placement_on_period on placement (account_key, period) include (received_xof);
drop index payment_of_account;
drop index placement_of_account;
