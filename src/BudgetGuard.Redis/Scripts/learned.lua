-- What is known of a budget's past weeks: read, or written. KEYS: it. ARGV: time, nothing or what it is from now on, milliseconds it is kept.
if ARGV[2] == '' then return call('GET', KEYS[1]) end
call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
return ARGV[2]
