-- Calls back what nodes have borrowed of accounts and do not use. KEYS: the accounts that were called back, by when, then these. ARGV: time.
-- A moment later than now: who has looked just before sees it the next time.
local now = time()
call('ZREMRANGEBYSCORE', KEYS[1], '-inf', text(now - 10000000))
for n = 2, #KEYS do call('ZADD', KEYS[1], text(now + 1), KEYS[n]) end
call('PEXPIRE', KEYS[1], 3600000)
return 1
