-- The partitions of accounts, and what was noted when they were looked at last. KEYS: accounts. ARGV: time.
local reply = {}
for n, key in ipairs(KEYS) do
  local v = call('HMGET', key, 'k', 'w')
  reply[n * 2 - 1], reply[n * 2] = v[1] or '', v[2] or ''
end
return reply
