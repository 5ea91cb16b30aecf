-- Holds, and what they change on accounts.
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
