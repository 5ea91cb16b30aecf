-- Adds a batch of the history, once, whoever sends it again. KEYS: the writer's latest batch, decisions by time, decisions, then the hours. ARGV: time, number, how many
-- decisions are kept, how many sums an hour has, the sum of what is past them, decisions, costs, sums; then each decision's time, id and text, each cost's id and amount,
-- each sum's hour, what it is of and its five figures.
if (tonumber(call('GET', KEYS[1])) or 0) >= tonumber(ARGV[2]) then return 0 end
call('SET', KEYS[1], ARGV[2], 'PX', 172800000)
local at = 9
for _ = 1, tonumber(ARGV[6]) do
  call('ZADD', KEYS[2], ARGV[at], ARGV[at + 1])
  call('HSET', KEYS[3], ARGV[at + 1], ARGV[at + 2])
  at = at + 3
end
for _ = 1, tonumber(ARGV[7]) do
  if call('HEXISTS', KEYS[3], ARGV[at]) == 1 then call('HSET', KEYS[3], 'c' .. ARGV[at], ARGV[at + 1]) end
  at = at + 2
end
local over = call('ZCARD', KEYS[2]) - tonumber(ARGV[3])
if over > 0 then
  for n, id in ipairs(call('ZPOPMIN', KEYS[2], over)) do
    if n % 2 == 1 then call('HDEL', KEYS[3], id, 'c' .. id) end
  end
end
for _ = 1, tonumber(ARGV[8]) do
  local key, field = KEYS[3 + tonumber(ARGV[at])], ARGV[at + 1]
  local known = call('HGET', key, field)
  if not known and call('HLEN', key) >= tonumber(ARGV[4]) then
    field = ARGV[5]
    known = call('HGET', key, field)
  end
  local sums = {}
  for one in string.gmatch(known or '0 0 0 0 0', '%d+') do sums[#sums + 1] = tonumber(one) end
  for n = 1, 5 do sums[n] = text(cut(sums[n] + tonumber(ARGV[at + 1 + n]))) end
  call('HSET', key, field, table.concat(sums, ' '))
  call('PEXPIRE', key, 34300800000)
  at = at + 7
end
return 1
