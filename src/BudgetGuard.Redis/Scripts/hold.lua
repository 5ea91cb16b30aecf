-- Holds on every account or on none.
-- KEYS: hold, open holds, then for each account: own, shared, tracked. ARGV: time, id, fingerprint, time to live, accounts, then each account's; then 1 where it is
-- told again, as large as it was at last: what the server knows of it may be what it was before it grew, or before it lasted anew.
local now, count = time(), ARGV[5] + 0
local record = call('GET', KEYS[1])
if record then
  local hold = parse(record)
  local isAgain = ARGV[6 + count * SPEC] == '1'
  if hold.state ~= 'H' or (hold.print ~= ARGV[3] and not isAgain) then return {'CONFLICT'} end
  if hold.ends <= now then return {'DUE'} end
  if isAgain then
    local all = {}
    for n, entry in ipairs(hold.entries) do
      local s, at = spec(6 + (n - 1) * SPEC), 3 + (n - 1) * 3
      if entry.key ~= KEYS[at] and entry.key ~= KEYS[at + 1] then return {'CONFLICT'} end
      all[n] = {a = load(entry.key), s = s, at = at}
      if not roll(all[n].a, s, now) then return {'CLOCK', text(now)} end
    end
    hold.ends = math.min(MAX, now + hold.ttl)
    for n, entry in ipairs(hold.entries) do
      local one = all[n]
      -- What is borrowed never grows, and what of it went back stays there.
      if not hold.isLease and one.s.amount > entry.held then move(one.a, entry, one.s.amount, entry.settled) end
      keep(one.a, one.s, one.at, entry.isShared, now, hold.ends)
    end
    write(KEYS[1], hold)
    call('ZADD', KEYS[2], text(hold.ends), ARGV[2])
  end
  local reply = {'SAME', text(hold.ends)}
  for n, entry in ipairs(hold.entries) do
    local a = load(entry.key)
    reply[n + 2] = text(a.l - used(a))
  end
  return reply
end

local accounts, specs, refusals, isDenied = {}, {}, {}, false
for n = 1, count do
  local s, at = spec(6 + (n - 1) * SPEC), 3 + (n - 1) * 3
  local a, isShared = choose(at, s, now)
  if not roll(a, s, now) then return {'CLOCK', text(now)} end
  accounts[n], specs[n] = a, s
  a.isShared = isShared
  local limit = cut(s.limit + added(a, now))
  a.left = limit - used(a)
  if s.amount > a.left and s.amount > 0 then
    if hasDue(KEYS[2], now) then return {'DUE'} end
    isDenied = isDenied or s.enforced
    refusals[#refusals + 1] = text(n - 1)
    for _, figure in ipairs(figures(a, limit, isShared)) do refusals[#refusals + 1] = figure end
  end
end
if isDenied then
  table.insert(refusals, 1, 'DENY')
  return refusals
end

local ttl = ARGV[4] + 0
local hold = {state = 'H', print = ARGV[3], ttl = ttl, ends = math.min(MAX, now + ttl), isLease = string.sub(ARGV[3], 1, 1) == 'L', entries = {}}
local reply = {'OK', text(hold.ends)}
for n, a in ipairs(accounts) do
  local s = specs[n]
  local entry = entryOf(a, s, a.isShared)
  a.o = a.o + 1
  move(a, entry, s.amount, 0)
  hold.entries[n] = entry
  keep(a, s, 3 + (n - 1) * 3, a.isShared, now, hold.ends)
  lend(hold, a, entry, ARGV[2])
  reply[n + 2] = text(a.left - s.amount)
end
write(KEYS[1], hold)
call('ZADD', KEYS[2], text(hold.ends), ARGV[2])
for _, figure in ipairs(refusals) do reply[#reply + 1] = figure end
return reply
