-- The last payment of an account, of many of one day too, is the last entry of its index. Apart from what came before, and
-- dropped before it is made: who held one lock and waited for another would wait for a worker that does the same.
drop index payment_in_order;
create index payment_in_place on payment (account_key, paid_on, payment_id, source) include (period) where reverses is null;
