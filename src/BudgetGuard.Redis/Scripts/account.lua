-- What administrators do with an account: T raises its limit until an end, N begins it anew.
-- KEYS: -, open holds, own, shared, tracked. ARGV: time, operation, end (or nothing: that of its window), how many ends there can be, 1, then the account's.
local now, op = time(), ARGV[2]
if hasDue(KEYS[2], now) then return {'DUE'} end
local s = spec(6)
local a, isShared = choose(3, s, now)
if isShared then return {'SHARED'} end
if not roll(a, s, now) then return {'CLOCK', text(now)} end
if op == 'N' then
  for i in string.gmatch(a.P, '%d+') do call('HDEL', a.key, 'p' .. i) end
  a.s, a.h, a.d, a.o, a.P, a.t, a.r, a.slices, a.past, a.y = 0, 0, 0, 0, '', '', '', nil, nil, a.y + 1
  -- What nodes have borrowed of the window they may still spend.
  call('HSET', a.key, 'R', text(a.i))
  local all = call('HGETALL', a.key)
  for n = 1, #all, 2 do
    if string.sub(all[n], 1, 1) == 'L' then
      local i, held = match(all[n + 1], '^(%d+) (%d+)$')
      if i + 0 == a.i then
        a.h, a.o = cut(a.h + held), a.o + 1
      else
        call('HDEL', a.key, all[n])
      end
    end
  end
else
  local till = ARGV[3]
  if till == '' then
    till = text(s.kind == 'C' and a.e or s.kind == 'R' and math.min(MAX, now + window(s) * 60) or MAX)
  end
  if tonumber(till) <= now then return {'OVER'} end
  local all, count, isAdded = {}, 0, false
  for amount, ends in string.gmatch(a.t, '(%d+):(%d+)') do
    if tonumber(ends) > now then
      if ends == till then
        amount, isAdded = text(cut(tonumber(amount) + s.amount)), true
      end
      count = count + 1
      all[count] = amount .. ':' .. ends
    end
  end
  if not isAdded then
    if count >= tonumber(ARGV[4]) then return {'MANY'} end
    all[count + 1] = text(s.amount) .. ':' .. till
  end
  a.t = table.concat(all, ' ')
end
a.g = a.g + 1
keep(a, s, 3, false, now, now)
local reply = {'OK'}
for _, figure in ipairs(figures(a, cut(s.limit + added(a, now)), false)) do reply[#reply + 1] = figure end
return reply
