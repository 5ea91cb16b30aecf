-- A hold as it is kept. KEYS: hold, open holds. ARGV: time, id. One that is not there any more is not open either.
local record = call('GET', KEYS[1])
if not record then call('ZREM', KEYS[2], ARGV[2]) end
return record
