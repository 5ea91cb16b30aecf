-- The sums of hours. KEYS: hours. ARGV: time.
local reply = {}
for n, key in ipairs(KEYS) do reply[n] = call('HGETALL', key) end
return reply
