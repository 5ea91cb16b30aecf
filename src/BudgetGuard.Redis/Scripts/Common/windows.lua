-- The windows of an account: which one it is in, and those that are over.
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
