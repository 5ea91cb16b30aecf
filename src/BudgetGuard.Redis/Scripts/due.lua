-- The holds whose time is over, some at a time. KEYS: open holds. ARGV: time, how many.
return call('ZRANGEBYSCORE', KEYS[1], '-inf', text(time()), 'LIMIT', 0, ARGV[2])
