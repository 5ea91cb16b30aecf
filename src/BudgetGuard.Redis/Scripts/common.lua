-- What every script begins with. Amounts and times (microseconds since 1970) come and go as decimal text, and are whole numbers below 2^53 in between,
-- where doubles are exact: what would be more is cut there, and is more than any limit.
--
-- An account is a hash. Its figures are one field, f, in this order, because one is read and written faster than twelve:
--   i, b, e   its current window: number, beginning, end; of a rolling window i is the latest slice
--   s, h, d   settled, held, debt
--   o         holds taken in the window that are not settled: as long as there are any, its figures are kept when it is over
--   g, y      how often its limit, or it, was changed; how often it was reset: what was held before counts nowhere
--   c         1 if what a window ended above its limit opens the next
--   l, z      the limit it was last asked with; from when on it may give its place to another
-- Fields of their own, where there is anything in them:
--   r         the slices of a rolling window: number:settled:held, oldest first
--   P, p<i>   the numbers of the windows that are over and kept, oldest first, and of each: s h d o final-limit
--             later-limit beginning end
--   t, k      what administrators added to the limit: amount:end; its partition
-- A hold is a text: state, fingerprint, time to live and end in its first line, then a line for each account: its key, shared or own, kind, resets it has seen,
-- window, slice, held, settled, amount asked.
local MAX = 9007199254740991
local KEEP = 49 * 3600 * 1000000
local SPEC = 11
-- How many windows that are over an account that carries debt keeps for corrections.
local PAST = 64
local call = redis.call

local function text(n) return string.format('%.0f', n) end

local function cut(n)
  if n > MAX then return MAX end
  if n < 0 then return 0 end
  return n
end

local function time()
  if ARGV[1] ~= '' then return tonumber(ARGV[1]) end
  local t = call('TIME')
  return t[1] * 1000000 + t[2]
end

-- What an account is asked with: SPEC arguments from a place on.
local function spec(at)
  return {
    limit = tonumber(ARGV[at]), amount = tonumber(ARGV[at + 1]), enforced = ARGV[at + 2] == '1', kind = ARGV[at + 3], carry = ARGV[at + 4] == '1',
    most = tonumber(ARGV[at + 5]), i = tonumber(ARGV[at + 6]), b = tonumber(ARGV[at + 7]), e = tonumber(ARGV[at + 8]), ne = tonumber(ARGV[at + 9]),
    partition = ARGV[at + 10]
  }
end

local function load(key)
  local v = call('HMGET', key, 'f', 'r', 'P', 't')
  local r, P, t = v[2] or '', v[3] or '', v[4] or ''
  if not v[1] then
    return {key = key, isNew = true, i = 0, b = 0, e = 0, s = 0, h = 0, d = 0, o = 0, g = 0, y = 0, c = false, l = 0, z = 0, r = r, P = P, t = t, r0 = r, P0 = P, t0 = t}
  end
  local i, b, e, s, h, d, o, g, y, c, l, z = string.match(v[1], '^(%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+)$')
  return {
    key = key, i = tonumber(i), b = tonumber(b), e = tonumber(e), s = tonumber(s), h = tonumber(h), d = tonumber(d), o = tonumber(o), g = tonumber(g), y = tonumber(y),
    c = c == '1', l = tonumber(l), z = tonumber(z), r = r, P = P, t = t, r0 = r, P0 = P, t0 = t
  }
end

local function used(a) return cut(a.s + a.h + a.d) end

-- What is added to the limit at an instant.
local function added(a, now)
  local sum = 0
  for amount, till in string.gmatch(a.t, '(%d+):(%d+)') do
    if tonumber(till) > now then sum = sum + tonumber(amount) end
  end
  return cut(sum)
end

local function slices(a)
  if not a.slices then
    a.slices = {}
    for n, s, h in string.gmatch(a.r, '(%d+):(%d+):(%d+)') do
      a.slices[#a.slices + 1] = {n = tonumber(n), s = tonumber(s), h = tonumber(h)}
    end
  end
  return a.slices
end

-- Slices of a width, counted from a phase before 1970, so that all stores cut them alike.
local function advance(a, width, phase, now)
  a.i = math.max(a.i, math.floor((now + phase) / width))
  a.b, a.e = math.max(0, a.i * width - phase), (a.i + 1) * width - phase
  local kept = {}
  a.s, a.h = 0, 0
  for _, slice in ipairs(slices(a)) do
    if slice.n >= a.i - 60 then
      kept[#kept + 1] = slice
      a.s, a.h = cut(a.s + slice.s), cut(a.h + slice.h)
    end
  end
  a.slices = kept
end

local function past(a, i)
  a.past = a.past or {}
  if a.past[i] == nil then
    local v = call('HGET', a.key, 'p' .. text(i))
    a.past[i] = false
    if v then
      local s, h, d, o, f, l, b, e = string.match(v, '^(%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+)$')
      a.past[i] = {
        i = i, s = tonumber(s), h = tonumber(h), d = tonumber(d), o = tonumber(o), f = tonumber(f), l = tonumber(l), b = tonumber(b), e = tonumber(e)
      }
    end
  end
  return a.past[i]
end

-- What a window that is over ended above its limit, as it opens one of a later number: each in between that nobody used pays off one limit.
local function debtInto(w, i)
  local excess = w.s + w.d - w.f
  if excess <= 0 then return 0 end
  return cut(excess - w.l * (i - w.i - 1))
end

-- A change in a window that is over changes what those after it opened with; those that nothing can change any more are forgotten.
local function cascade(a, now)
  local all = {}
  for i in string.gmatch(a.P, '%d+') do all[#all + 1] = tonumber(i) end
  if a.c then
    for n, i in ipairs(all) do
      local w = past(a, i)
      local after = all[n + 1] and past(a, all[n + 1]) or a
      local debt = math.min(debtInto(w, after.i), MAX - after.s - after.h)
      if debt ~= after.d then
        after.d = debt
        after.changed = true
        a.freed = true
      end
    end
  end
  local kept = {}
  for n, i in ipairs(all) do
    local w = past(a, i)
    local isUseless = w.e + KEEP < now or (w.o <= 0 and (not a.c or #all - n >= PAST))
    if isUseless and (not a.c or #kept == 0) then
      w.gone = true
    else
      kept[#kept + 1] = text(i)
    end
  end
  a.P = table.concat(kept, ' ')
end

-- Brings an account to the window of now. False if that is none of the two the caller knows.
local function roll(a, s, now)
  if a.isNew then a.c = s.carry end
  if s.kind == 'S' then return true end
  if s.kind == 'R' then
    advance(a, s.i, s.b, now)
    return true
  end
  if not a.isNew and now < a.e then return true end
  local i, b, e
  if now >= s.b and now < s.e then
    i, b, e = s.i, s.b, s.e
  elseif now >= s.e and now < s.ne then
    i, b, e = s.i + 1, s.e, s.ne
  else
    return false
  end
  if a.isNew then
    a.i, a.b, a.e = i, b, e
  elseif i > a.i then
    a.c = s.carry
    local w = {i = a.i, s = a.s, h = a.h, d = a.d, o = a.o, f = cut(s.limit + added(a, a.e - 1)), l = s.limit, b = a.b, e = a.e, changed = true}
    a.past = a.past or {}
    a.past[a.i] = w
    if w.o > 0 or a.c then
      a.P = a.P == '' and text(a.i) or (a.P .. ' ' .. text(a.i))
    else
      w.gone = true
    end
    local debt = a.c and debtInto(w, i) or 0
    a.i, a.b, a.e, a.s, a.h, a.d, a.o = i, b, e, 0, 0, debt, 0
  end
  return true
end

local function joined(a)
  if not a.slices then return a.r end
  local parts = {}
  for n, slice in ipairs(a.slices) do parts[n] = text(slice.n) .. ':' .. text(slice.s) .. ':' .. text(slice.h) end
  return table.concat(parts, ' ')
end

local function put(key, field, value, before)
  if value == before then return end
  if value == '' then call('HDEL', key, field) else call('HSET', key, field, value) end
end

local function save(a, members, till)
  local isLater = till and till > a.z
  if isLater then a.z = till end
  call('HSET', a.key, 'f', string.format('%.0f %.0f %.0f %.0f %.0f %.0f %.0f %.0f %.0f %d %.0f %.0f',
    a.i, a.b, a.e, a.s, a.h, a.d, a.o, a.g, a.y, a.c and 1 or 0, a.l, a.z))
  put(a.key, 'r', joined(a), a.r0)
  put(a.key, 'P', a.P, a.P0)
  put(a.key, 't', a.t, a.t0)
  for i, w in pairs(a.past or {}) do
    if w and w.gone then
      call('HDEL', a.key, 'p' .. text(i))
    elseif w and w.changed then
      call('HSET', a.key, 'p' .. text(i), table.concat({text(w.s), text(w.h), text(w.d), text(w.o), text(w.f), text(w.l), text(w.b), text(w.e)}, ' '))
    end
  end
  if isLater then
    if ARGV[1] ~= '' then
      -- The caller's clock is not the server's: nothing expires by itself.
      call('PERSIST', a.key)
    elseif till < MAX then
      call('PEXPIREAT', a.key, text(math.floor((till + KEEP) / 1000)))
    else
      call('PERSIST', a.key)
    end
    if members then call('ZADD', members, text(till), a.key) end
  end
end

-- Which account a partition is charged to: its own, or where the budget has more partitions than it tracks the one they share.
-- Places: own key, shared key, those that are tracked.
local function choose(at, s, now)
  local own = KEYS[at]
  if s.most == 0 or call('ZSCORE', KEYS[at + 2], own) then return load(own), false end
  local shared = load(KEYS[at + 1])
  if not shared.isNew and shared.z > now then return shared, true end
  if call('ZCARD', KEYS[at + 2]) < s.most then return load(own), false end
  local idle = call('ZRANGEBYSCORE', KEYS[at + 2], '-inf', text(now), 'LIMIT', 0, 1)
  if not idle[1] then return shared, true end
  local a = load(own)
  a.evicts = idle[1]
  return a, false
end

-- From when on nobody needs the account: after its window, the holds in it, and what was added to its limit.
local function idleFrom(a, s, now, expires)
  local till = now
  if s.kind == 'C' then
    till = (a.c and a.s + a.h + a.d > s.limit) and MAX or a.e
  elseif s.kind == 'R' then
    till = (a.i + 61) * s.i - s.b
  end
  if expires > till then till = math.min(MAX, math.ceil(expires / 60000000) * 60000000 + 60000000) end
  for _, ends in string.gmatch(a.t, '(%d+):(%d+)') do till = math.max(till, math.min(MAX, tonumber(ends))) end
  return math.min(MAX, till)
end

local function keep(a, s, at, isShared, now, expires)
  if a.isNew then call('HSET', a.key, 'k', s.partition) end
  if a.evicts then call('ZREM', KEYS[at + 2], a.evicts) end
  a.l = cut(s.limit + added(a, now))
  if a.P ~= '' then cascade(a, now) end
  save(a, s.most > 0 and not isShared and KEYS[at + 2] or nil, idleFrom(a, s, now, expires))
end

-- The figures a refusal or a reading is made of.
local function figures(a, limit, isShared)
  slices(a)
  return {text(a.i), text(a.b), text(a.e), text(a.s), text(a.h), text(a.d), text(limit), isShared and '1' or '0', joined(a), text(a.g), a.t}
end

-- The window in which a hold was taken; nothing where nothing counts it any more.
local function placeOf(a, entry)
  if a.y ~= entry.y then return nil end
  if entry.kind ~= 'C' or a.i == entry.i then return a end
  return past(a, entry.i) or nil
end

-- Changes what a hold has on an account; figures never fall below nothing.
local function move(a, entry, held, settled)
  local w = placeOf(a, entry)
  local dh, ds = held - entry.held, settled - entry.settled
  entry.held, entry.settled = held, settled
  if not w then return end
  if entry.kind == 'R' then
    local found
    for _, slice in ipairs(slices(a)) do
      if slice.n == entry.slice then found = slice end
    end
    if not found and entry.slice == a.i then
      found = {n = a.i, s = 0, h = 0}
      a.slices[#a.slices + 1] = found
    end
    if not found or found.n < a.i - 60 then return end
    found.s, found.h = cut(found.s + ds), cut(found.h + dh)
  end
  if ds + dh < 0 then a.freed = true end
  w.s, w.h = cut(w.s + ds), cut(w.h + dh)
  w.changed = true
end

local function parse(record)
  local hold = {entries = {}}
  local isFirst = true
  for line in string.gmatch(record, '[^\n]+') do
    if isFirst then
      local state, print, ttl, ends = string.match(line, '^(%a) (%S+) (%d+) (%d+)$')
      hold.state, hold.print, hold.ttl, hold.ends = state, print, tonumber(ttl), tonumber(ends)
      isFirst = false
    else
      local key, shared, kind, y, i, slice, held, settled, asked = string.match(line, '^(%S+) (%d) (%a) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+)$')
      hold.entries[#hold.entries + 1] = {
        key = key, isShared = shared == '1', kind = kind, y = tonumber(y), i = tonumber(i), slice = tonumber(slice), held = tonumber(held),
        settled = tonumber(settled), asked = tonumber(asked)
      }
    end
  end
  return hold
end

local function write(key, hold, retention)
  local lines = {hold.state .. ' ' .. hold.print .. ' ' .. text(hold.ttl) .. ' ' .. text(hold.ends)}
  for n, e in ipairs(hold.entries) do
    lines[n + 1] = table.concat(
      {e.key, e.isShared and '1' or '0', e.kind, text(e.y), text(e.i), text(e.slice), text(e.held), text(e.settled), text(e.asked)}, ' ')
  end
  if retention then
    call('SET', key, table.concat(lines, '\n'), 'PX', retention)
  else
    call('SET', key, table.concat(lines, '\n'))
  end
end

local function entryOf(a, s, isShared)
  return {
    key = a.key, isShared = isShared, kind = s.kind, y = a.y, i = s.kind == 'C' and a.i or 0, slice = s.kind == 'R' and a.i or 0, held = 0, settled = 0,
    asked = s.amount
  }
end

-- Holds that are over and were not ended yet may be why something does not fit.
local function hasDue(open, now) return call('ZCOUNT', open, '-inf', text(now)) > 0 end
