-- Ends a hold that is known: S settles, R releases, X expires, A corrects a settlement. A state only moves up: held, expired, released, settled. P ends nothing: a node
-- tells of what it borrowed how much it has spent and how much it keeps. B corrects what was borrowed, once that is settled.
-- KEYS: hold, open holds, then the accounts it may be on, then where those that are tracked are. ARGV: time, id, operation, how long it is remembered (ms), 1 if an expired
-- hold is charged, accounts, then for each the amount, of A what was really used, and which key has those that are tracked, or 0. In place of the 1 a correction has a name,
-- by which one that comes again is known, as long as there are not 64 after it.
local NAMES = 64 * 33
local now, op = time(), ARGV[3]
local record = call('GET', KEYS[1])
if not record then return {'NONE'} end

local hold = parse(record)
local rank = {H = 0, X = 1, R = 2, S = 3}
-- One that is over is not open, whatever a server that has lost something says.
if op == 'X' and hold.state ~= 'H' then call('ZREM', KEYS[2], ARGV[2]) end
if op == 'P' and hold.state ~= 'H' then return {'OVER', hold.state} end
if op == 'B' then
  -- Its node settles it in any case, also where it has expired meanwhile.
  if hold.state ~= 'S' then return {'EARLY'} end
  op = 'A'
end
if op == 'A' and hold.state ~= 'S' then op = 'L' end
local target = (op == 'L' or op == 'A') and 'S' or op
if op == 'A' and find(hold.print, ARGV[5], 1, true) then return {'OVER', hold.state} end
if op ~= 'A' and op ~= 'P' and rank[target] <= rank[hold.state] then return {'OVER', hold.state} end
if op == 'X' and hold.ends > now then return {'EARLY'} end

for _, entry in ipairs(hold.entries) do
  for n = 3, #KEYS do
    if KEYS[n] == entry.key then entry.at = n end
  end
  if not entry.at then return {'KEYS', record} end
end

local was, count, reply = hold.state, ARGV[6] + 0, {'OK'}
if op ~= 'P' then hold.state = target end
for n, entry in ipairs(hold.entries) do
  local a, first, second, members = load(entry.key), 0, 0, nil
  if entry.at - 2 <= count then
    local at = 7 + (entry.at - 3) * 3
    first, second, members = ARGV[at] + 0, ARGV[at + 1] + 0, KEYS[ARGV[at + 2] + 0]
  end
  if entry.kind == 'R' then slices(a) end
  if was == 'H' then outlast(hold, a, entry) end
  local w = placeOf(a, entry)
  local before, setAside = w and w.s + w.d or 0, entry.held + entry.settled
  local counts = entry.kind ~= 'S'
  if op == 'S' then
    move(a, entry, 0, counts and first or 0)
  elseif op == 'L' then
    move(a, entry, 0, counts and second or 0)
  elseif op == 'A' then
    move(a, entry, 0, counts and math.max(0, entry.settled + second - first) or 0)
  elseif op == 'R' then
    move(a, entry, 0, 0)
  elseif op == 'P' then
    -- Only downwards: what was spent stays spent, and what was given back is gone.
    move(a, entry, math.min(entry.held, first), math.max(entry.settled, second))
  else
    -- What was borrowed may be spent: nobody gives it back but who borrowed it.
    move(a, entry, 0, entry.settled + ((counts and (ARGV[5] == '1' or hold.isLease)) and entry.held or 0))
  end
  if w and target == 'S' and was ~= 'S' then
    w.o = math.max(0, w.o - 1)
    w.changed = true
  end
  lend(hold, a, entry, ARGV[2])
  if w then
    save(a, not entry.isShared and members or nil, now)
    reply[#reply + 1] = told(a, w, entry.key, entry.isShared, before, setAside)
  end
end
if op == 'P' then
  write(KEYS[1], hold)
  return reply
end
if was == 'H' then call('ZREM', KEYS[2], ARGV[2]) end
if op == 'L' or op == 'A' then
  -- The names of its corrections take the place of what it was told apart by: each counts once, also when several are told again.
  hold.print = (was == 'S' and find(hold.print, ',', 1, true)) and string.sub(hold.print .. ARGV[5] .. ',', -NAMES) or (ARGV[5] .. ',')
end
hold.ends = now
write(KEYS[1], hold, ARGV[4])
return reply
