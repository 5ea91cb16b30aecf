-- What every script begins with. Amounts and times (microseconds since 1970) come and go as decimal text, and are whole numbers below 2^53 in between,
-- where doubles are exact: what would be more is cut there, and is more than any limit.
--
-- An account is a hash. Its figures are one field, f, in this order, because one is read and written faster than thirteen:
--   i, b, e   its current window: number, beginning, end; of a rolling window i is the latest slice
--   s, h, d   settled, held, debt
--   o         holds taken in the window that are not settled: as long as there are any, its figures are kept when it is over
--   g, y      how often its limit, or it, was changed; how often it was reset: what was held before counts nowhere
--   c         1 if what a window ended above its limit opens the next
--   l, z      the limit it was last asked with; from when on it may give its place to another, unless it has a debt to pay by then
--   x         which of r, P and t there are; - where none is
-- Fields of their own, where there is anything in them:
--   r         the slices of a rolling window: number:settled:held, oldest first
--   P, p<i>   the numbers of the windows that are over and kept, oldest first, and of each: s h d o final-limit
--             later-limit beginning end
--   t, k      what administrators added to the limit: amount:end; its partition
--   L<hold>   what a node has borrowed: window, held; R the window in which it was last reset
-- A hold is a text: state, fingerprint, time to live and end in its first line, then a line for each account: its key, shared or own, kind, resets it has seen,
-- window, slice, held, settled. The fingerprint of what is borrowed begins with an L.
local MAX = 9007199254740991
local KEEP = 49 * 3600 * 1000000
local SPEC = 8
-- How many windows that are over an account that carries debt keeps for corrections.
local PAST = 64
local KEYS, ARGV = KEYS, ARGV
local call, match, find, format = redis.call, string.match, string.find, string.format

-- Whole numbers only, of which this takes the least time.
local function text(n) return format('%d', n) end

local function cut(n)
  if n > MAX then return MAX end
  if n < 0 then return 0 end
  return n
end

local function time()
  if ARGV[1] ~= '' then return ARGV[1] + 0 end
  local t = call('TIME')
  return t[1] * 1000000 + t[2]
end

-- What an account is asked with: SPEC arguments from a place on; the window and the partition, which are seldom needed, are looked at where they are.
local function spec(at)
  return {
    at = at, limit = tonumber(ARGV[at]), amount = ARGV[at + 1] + 0, enforced = ARGV[at + 2] == '1', kind = ARGV[at + 3], carry = ARGV[at + 4] == '1', most = ARGV[at + 5] + 0
  }
end

-- What is added to the limit at an instant.
local function added(a, now)
  if a.t == '' then return 0 end
  local sum = 0
  for amount, till in string.gmatch(a.t, '(%d+):(%d+)') do
    if tonumber(till) > now then sum = sum + amount end
  end
  return cut(sum)
end

-- Number, beginning and end of the window it is asked in, and the end of the next; of a rolling one how wide a slice is, and the phase.
local function window(s)
  local i, b, e, ne = match(ARGV[s.at + 6], '^(%d+) (%d+) (%d+) (%d+)$')
  return i + 0, b + 0, e + 0, ne + 0
end

local function used(a) return cut(a.s + a.h + a.d) end

-- From when on nobody needs an account; one that has more than its limit owes that to the windows that come.
local function neededUntil(a)
  if a.c and a.s + a.h + a.d > math.max(0, a.l - added(a, 0)) then return MAX end
  return a.z
end

local function load(key)
  local f = call('HGET', key, 'f')
  if not f then
    return {key = key, isNew = true, i = 0, b = 0, e = 0, s = 0, h = 0, d = 0, o = 0, g = 0, y = 0, c = false, l = 0, z = 0, n = -1, r = '', P = '', t = '', r0 = '', P0 = '', t0 = ''}
  end
  local i, b, e, s, h, d, o, g, y, c, l, z, x = match(f, '^(%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%S+)$')
  local r, P, t = '', '', ''
  if x ~= '-' then
    local v = call('HMGET', key, 'r', 'P', 't')
    r, P, t = v[1] or '', v[2] or '', v[3] or ''
  end
  local a = {
    key = key, i = i + 0, b = b + 0, e = e + 0, s = s + 0, h = h + 0, d = d + 0, o = o + 0, g = g + 0, y = y + 0, c = c == '1', l = l + 0, z = z + 0,
    r = r, P = P, t = t, r0 = r, P0 = P, t0 = t
  }
  a.n = neededUntil(a)
  return a
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
      local s, h, d, o, f, l, b, e = match(v, '^(%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+) (%d+)$')
      a.past[i] = {i = i, s = s + 0, h = h + 0, d = d + 0, o = o + 0, f = f + 0, l = l + 0, b = b + 0, e = e + 0}
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

-- A change in a window that is over changes what those after it opened with.
local function cascade(a)
  local first
  for i, w in pairs(a.past) do
    if w and w.changed and (not first or i < first) then first = i end
  end
  if not first or not a.c then return end
  local before
  for i in string.gmatch(a.P .. ' ' .. text(a.i), '%d+') do
    i = i + 0
    if i >= first then
      local after = i == a.i and a or past(a, i)
      if before and after then
        local debt = math.min(debtInto(before, i), MAX - after.s - after.h)
        if debt ~= after.d then after.d, after.changed = debt, true end
      end
      before = after or before
    end
  end
end

-- Windows that are over and that nothing can change any more are forgotten: looked for among those this has read, and from the oldest on, so that it is no more work
-- the more there are.
local function forget(a, now)
  if not a.c then
    for i, w in pairs(a.past) do
      if w and w.o <= 0 then
        w.gone = true
        local others = string.gsub(' ' .. a.P .. ' ', ' ' .. text(i) .. ' ', ' ', 1)
        a.P = match(others, '^ ?(.-) ?$')
      end
    end
  end
  local count
  while a.P ~= '' do
    local oldest = match(a.P, '^%d+')
    local w = past(a, oldest + 0)
    if w and w.e + KEEP >= now then
      if not a.c or w.o > 0 then return end
      count = count or select(2, string.gsub(a.P, '%d+', ''))
      if count <= PAST then return end
    end
    if count then count = count - 1 end
    if w then w.gone = true end
    a.P = string.sub(a.P, #oldest + 2)
  end
end

-- Brings an account to the window of now. False if that is none of the two the caller knows.
local function roll(a, s, now)
  if a.isNew then a.c = s.carry and s.kind == 'C' end
  if s.kind == 'S' then return true end
  if s.kind == 'R' then
    local width, phase = window(s)
    advance(a, width, phase, now)
    return true
  end
  if not a.isNew and now < a.e then return true end
  local i, b, e, ne = window(s)
  if now >= e and now < ne then
    i, b, e = i + 1, e, ne
  elseif now < b or now >= e then
    return false
  end
  if a.isNew then
    a.i, a.b, a.e = i, b, e
  elseif i > a.i then
    a.c = s.carry
    local w = {i = a.i, s = a.s, h = a.h, d = a.d, o = a.o, f = cut(s.limit + added(a, a.e - 1)), l = s.limit, b = a.b, e = a.e, changed = true}
    a.past = a.past or {}
    if w.o > 0 or a.c then
      a.past[a.i] = w
      a.P = a.P == '' and text(a.i) or (a.P .. ' ' .. text(a.i))
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

-- Writes an account, and lets it expire when nobody needs it any more; with it its place among those that are tracked, if it has one there.
local function save(a, members, now)
  if a.past then
    cascade(a)
    forget(a, now)
    for i, w in pairs(a.past) do
      if w and w.gone then
        call('HDEL', a.key, 'p' .. text(i))
      elseif w and w.changed then
        call('HSET', a.key, 'p' .. text(i), format('%d %d %d %d %d %d %d %d', w.s, w.h, w.d, w.o, w.f, w.l, w.b, w.e))
      end
    end
  end
  local r = joined(a)
  local others = (r == '' and '' or 'r') .. (a.P == '' and '' or 'P') .. (a.t == '' and '' or 't')
  call('HSET', a.key, 'f', format('%d %d %d %d %d %d %d %d %d %d %d %d %s',
    a.i, a.b, a.e, a.s, a.h, a.d, a.o, a.g, a.y, a.c and 1 or 0, a.l, a.z, others == '' and '-' or others))
  put(a.key, 'r', r, a.r0)
  put(a.key, 'P', a.P, a.P0)
  put(a.key, 't', a.t, a.t0)
  local needed = neededUntil(a)
  if needed ~= a.n then
    -- Where the caller's clock counts, which is not the server's, nothing expires by itself.
    if ARGV[1] ~= '' or needed >= MAX then
      call('PERSIST', a.key)
    else
      call('PEXPIREAT', a.key, text(math.floor((needed + KEEP) / 1000)))
    end
    if members then call('ZADD', members, text(needed), a.key) end
  end
end

-- Which account a partition is charged to: its own, or where the budget has more partitions than it tracks the one they share.
-- Places: own key, shared key, those that are tracked.
local function choose(at, s, now)
  local own = KEYS[at]
  if s.most == 0 or call('ZSCORE', KEYS[at + 2], own) then return load(own), false end
  local shared = load(KEYS[at + 1])
  if not shared.isNew and shared.n > now then return shared, true end
  local isFull, idle = call('ZCARD', KEYS[at + 2]) >= s.most, {}
  if isFull then
    idle = call('ZRANGEBYSCORE', KEYS[at + 2], '-inf', text(now), 'LIMIT', 0, 1)
    if not idle[1] then return shared, true end
  end
  local a = load(own)
  -- It has no place yet, and takes one.
  a.n, a.evicts = -1, idle[1]
  return a, false
end

-- From when on nobody needs the account but for a debt: after its window, the holds in it, and what was added to its limit.
local function idleFrom(a, s, now, expires)
  local till = now
  if s.kind == 'C' then
    till = a.e
  elseif s.kind == 'R' then
    local width, phase = window(s)
    till = (a.i + 61) * width - phase
  end
  if expires > till then till = math.ceil(expires / 60000000) * 60000000 + 60000000 end
  if a.t ~= '' then
    for _, ends in string.gmatch(a.t, '(%d+):(%d+)') do till = math.max(till, tonumber(ends)) end
  end
  return math.min(MAX, till)
end

local function keep(a, s, at, isShared, now, expires)
  if a.isNew then call('HSET', a.key, 'k', ARGV[s.at + 7]) end
  if a.evicts then call('ZREM', KEYS[at + 2], a.evicts) end
  a.l = cut(s.limit + added(a, now))
  local till = idleFrom(a, s, now, expires)
  if till > a.z then a.z = till end
  save(a, s.most > 0 and not isShared and KEYS[at + 2] or nil, now)
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

-- What a node has borrowed, and has not ended, outlasts the reset of its account: it may still be spent.
local function outlast(hold, a, entry)
  if entry.y ~= a.y and hold.isLease and call('HGET', a.key, 'R') == text(entry.i) then entry.y = a.y end
end

-- What is borrowed of an account, by its hold.
local function lend(hold, a, entry, id)
  if not hold.isLease then return end
  if hold.state == 'H' then
    call('HSET', a.key, 'L' .. id, text(entry.i) .. ' ' .. text(entry.held))
  else
    call('HDEL', a.key, 'L' .. id)
  end
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
  w.s, w.h = cut(w.s + ds), cut(w.h + dh)
  w.changed = true
end

local function parse(record)
  local _, at, state, print, ttl, ends = find(record, '^(%a) (%S+) (%d+) (%d+)')
  local hold = {state = state, print = print, ttl = ttl + 0, ends = ends + 0, isLease = string.sub(print, 1, 1) == 'L', entries = {}}
  local n, key, shared, kind, y, i, slice, held, settled = 0
  while true do
    _, at, key, shared, kind, y, i, slice, held, settled = find(record, '^\n(%S+) (%d) (%a) (%d+) (%d+) (%d+) (%d+) (%d+)', at + 1)
    if not at then return hold end
    n = n + 1
    hold.entries[n] = {key = key, isShared = shared == '1', kind = kind, y = y + 0, i = i + 0, slice = slice + 0, held = held + 0, settled = settled + 0}
  end
end

local function write(key, hold, retention)
  local lines = {format('%s %s %d %d', hold.state, hold.print, hold.ttl, hold.ends)}
  for n, e in ipairs(hold.entries) do
    lines[n + 1] = format('%s %s %s %d %d %d %d %d', e.key, e.isShared and '1' or '0', e.kind, e.y, e.i, e.slice, e.held, e.settled)
  end
  if retention then
    call('SET', key, table.concat(lines, '\n'), 'PX', retention)
  else
    call('SET', key, table.concat(lines, '\n'))
  end
end

local function entryOf(a, s, isShared)
  return {
    key = a.key, isShared = isShared, kind = s.kind, y = a.y, i = s.kind == 'C' and a.i or 0, slice = s.kind == 'R' and a.i or 0, held = 0, settled = 0
  }
end

-- What the end of a hold tells of an account: what it had used, what the hold had set aside, and its figures now.
local function told(a, w, key, isShared, before, setAside)
  return format('%s %s %d %d %d %d %d %d %d %d %d', key, isShared and '1' or '0', before, setAside, w.s, w.h, w.d, a.l, w.b, w.e, a.g)
end

-- Holds that are over and were not ended yet may be why something does not fit.
local function hasDue(open, now) return call('ZCOUNT', open, '-inf', text(now)) > 0 end
