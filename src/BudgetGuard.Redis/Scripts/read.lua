-- Reads accounts; one that is asked for without a limit has that of its last hold. KEYS: -, open holds, then for each account: own, shared, tracked. ARGV: time, -, -, -, accounts, then each account's.
local now = time()
if hasDue(KEYS[2], now) then return {'DUE'} end
local reply = {'OK'}
for n = 1, tonumber(ARGV[5]) do
  local s, at = spec(6 + (n - 1) * SPEC), 3 + (n - 1) * 3
  local a = load(KEYS[at])
  local isShared = false
  if s.most > 0 and not call('ZSCORE', KEYS[at + 2], KEYS[at]) then
    local shared = load(KEYS[at + 1])
    if not shared.isNew and shared.n > now then a, isShared = shared, true end
  end
  s.limit = s.limit or math.max(0, a.l - added(a, now))
  if not roll(a, s, now) then return {'CLOCK', text(now)} end
  for _, figure in ipairs(figures(a, cut(s.limit + added(a, now)), isShared)) do reply[#reply + 1] = figure end
end
return reply
