-- Adds to a hold, on every account or on none; in the windows it was taken in. A rolling window that no longer counts it counts it anew, whole.
-- KEYS: hold, open holds, then for each account: own, shared, tracked. ARGV: time, id, -, -, accounts, then each account's.
local now = time()
local record = call('GET', KEYS[1])
local hold = record and parse(record)
if not hold or hold.state ~= 'H' then return {'CONFLICT'} end
if hold.ends <= now then return {'DUE'} end

local refusals, isDenied, all = {}, false, {}
for n, entry in ipairs(hold.entries) do
  local s, at = spec(6 + (n - 1) * SPEC), 3 + (n - 1) * 3
  local a = load(entry.key)
  if not roll(a, s, now) then return {'CLOCK', text(now)} end
  outlast(hold, a, entry)
  local limit = cut(s.limit + added(a, now))
  local w = placeOf(a, entry)
  -- Nothing is held of what nothing counts: who borrowed it must not spend it.
  if not w and hold.isLease then return {'CONFLICT'} end
  local amount, counts = s.kind == 'S' and 0 or s.amount, true
  if entry.kind == 'R' then counts = entry.slice >= a.i - 60 end
  local needed = (counts or amount == 0) and amount or cut(entry.held + amount)
  local left = w and limit - cut(w.s + w.h + w.d) or MAX
  all[n] = {a = a, s = s, at = at, entry = entry, amount = amount, counts = counts, left = left - needed}
  if needed > left and needed > 0 then
    if hasDue(KEYS[2], now) then return {'DUE'} end
    isDenied = isDenied or s.enforced
    refusals[#refusals + 1] = text(n - 1)
    local f = figures(a, limit, entry.isShared)
    if w ~= a then f[1], f[2], f[3], f[4], f[5], f[6] = text(w.i), text(w.b), text(w.e), text(w.s), text(w.h), text(w.d) end
    for _, figure in ipairs(f) do refusals[#refusals + 1] = figure end
    refusals[#refusals + 1] = text(needed)
    refusals[#refusals + 1] = counts and text(entry.held) or '0'
  end
end
if isDenied then
  table.insert(refusals, 1, 'DENY')
  return refusals
end

hold.ends = math.min(MAX, now + hold.ttl)
local reply = {'OK', text(hold.ends)}
for n, one in ipairs(all) do
  local a, entry = one.a, one.entry
  local held = cut(entry.held + one.amount)
  if one.amount > 0 and not one.counts then
    entry.held, entry.settled, entry.slice = 0, 0, a.i
  end
  move(a, entry, held, entry.settled)
  keep(a, one.s, one.at, entry.isShared, now, hold.ends)
  lend(hold, a, entry, ARGV[2])
  reply[n + 2] = text(one.left)
end
write(KEYS[1], hold)
call('ZADD', KEYS[2], text(hold.ends), ARGV[2])
for _, figure in ipairs(refusals) do reply[#reply + 1] = figure end
return reply
