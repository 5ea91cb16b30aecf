-- How an account is written, found and told.
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
