-- Remembers the end of a hold of whose beginning nothing is known: S charges it to the current windows, R is there before the hold. KEYS and ARGV as of a hold, with
-- the operation in place of the time to live, and how long it is remembered in milliseconds in place of the fingerprint. D charges, or gives back, a difference.
local now, op, count = time(), ARGV[4], tonumber(ARGV[5])
if call('EXISTS', KEYS[1]) == 1 then return {'KNOWN'} end

local hold = {state = op == 'D' and 'S' or op, print = '-', ttl = 0, ends = now, entries = {}}
local reply, all = {'OK'}, {}
for n = 1, count do
  local s, at = spec(6 + (n - 1) * SPEC), 3 + (n - 1) * 3
  local a, isShared = choose(at, s, now)
  if not roll(a, s, now) then return {'CLOCK', text(now)} end
  all[n] = {a = a, s = s, at = at, isShared = isShared}
end
for n, one in ipairs(all) do
  local a, s = one.a, one.s
  local before = a.s + a.d
  local entry = entryOf(a, s, one.isShared)
  if s.kind == 'R' then
    -- The window has the slice from now on: what is settled later counts where this was.
    slices(a)
    if #a.slices == 0 or a.slices[#a.slices].n < a.i then a.slices[#a.slices + 1] = {n = a.i, s = 0, h = 0} end
  end
  if op == 'D' and s.amount < 0 then
    local left = -s.amount
    if s.kind == 'R' then
      for k = #a.slices, 1, -1 do
        local part = math.min(left, a.slices[k].s)
        a.slices[k].s, a.s, left = a.slices[k].s - part, a.s - part, left - part
      end
    else
      a.s = cut(a.s - left)
    end
  elseif op ~= 'R' then
    move(a, entry, 0, s.kind == 'S' and 0 or s.amount)
  else
    a.o = a.o + 1
  end
  hold.entries[n] = entry
  keep(a, s, one.at, one.isShared, now, now)
  reply[n + 1] = told(a, a, entry.key, one.isShared, before, 0)
end
write(KEYS[1], hold, ARGV[3])
return reply
