-- The accounts of a budget that are tracked. KEYS: tracked. ARGV: time, first, last.
return call('ZRANGE', KEYS[1], ARGV[2], ARGV[3])
