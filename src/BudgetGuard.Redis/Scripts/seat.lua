-- Who looks at all accounts: one node at a time, which takes the seat anew for as long as it does. KEYS: seat. ARGV: time, node, for how long; 0 gives it back.
-- 0: it is another's. 1: it is the node's from now on. 2: it was the node's before.
local now = time()
local node, till = string.match(call('GET', KEYS[1]) or '', '^(%S+) (%d+)$')
local isOwn, isTaken = node == ARGV[2], node and tonumber(till) > now
if isTaken and not isOwn then return 0 end
if ARGV[3] == '0' then
  if isOwn then call('DEL', KEYS[1]) end
  return 0
end
local seat = ARGV[2] .. ' ' .. text(now + tonumber(ARGV[3]))
if ARGV[1] ~= '' then
  call('SET', KEYS[1], seat)
else
  call('SET', KEYS[1], seat, 'PX', text(math.ceil(tonumber(ARGV[3]) / 1000)))
end
return isOwn and isTaken and 2 or 1
