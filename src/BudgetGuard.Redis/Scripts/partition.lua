-- The partitions of accounts. KEYS: accounts. ARGV: time.
local reply = {}
for n, key in ipairs(KEYS) do reply[n] = call('HGET', key, 'k') or '' end
return reply
