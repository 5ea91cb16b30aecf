-- The latest decisions with their costs. KEYS: decisions by time, decisions. ARGV: time, how many.
local reply = {}
for _, id in ipairs(call('ZREVRANGE', KEYS[1], 0, tonumber(ARGV[2]) - 1)) do
  reply[#reply + 1] = id
  reply[#reply + 1] = call('HGET', KEYS[2], id) or ''
  reply[#reply + 1] = call('HGET', KEYS[2], 'c' .. id) or ''
end
return reply
