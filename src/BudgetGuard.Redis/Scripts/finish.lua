-- Ends a hold that is known: S settles, R releases, X expires, A corrects a settlement. A state only moves up: held, expired, released, settled. P ends nothing: a node
-- tells of what it borrowed how much it has spent and how much it keeps.
-- KEYS: hold, open holds, then for each account of the hold: its key. ARGV: time, id, operation, how long it is remembered (ms), 1 if an expired hold is charged,
-- accounts, then for each its key, the amount, and of A what was really used. In place of the 1 a correction has a name, by which one that comes again is known.
local now, op = time(), ARGV[3]
local record = call('GET', KEYS[1])
if not record then return {'NONE'} end

local hold = parse(record)
local rank = {H = 0, X = 1, R = 2, S = 3}
if op == 'P' and hold.state ~= 'H' then return {'OVER', hold.state} end
if op == 'A' and hold.state ~= 'S' then op = 'L' end
local target = (op == 'L' or op == 'A') and 'S' or op
if op == 'A' and hold.print == ARGV[5] then return {'OVER', hold.state} end
if op ~= 'A' and op ~= 'P' and rank[target] <= rank[hold.state] then return {'OVER', hold.state} end
if op == 'X' and hold.ends > now then return {'EARLY'} end

local isDeclared = {}
for n = 3, #KEYS do isDeclared[KEYS[n]] = true end
for _, entry in ipairs(hold.entries) do
  if not isDeclared[entry.key] then return {'KEYS', record} end
end

local amounts = {}
for n = 1, tonumber(ARGV[6]) do
  local at = 7 + (n - 1) * 3
  amounts[ARGV[at]] = {tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])}
end

local reply = {'OK'}
for _, entry in ipairs(hold.entries) do
  local a = load(entry.key)
  if entry.kind == 'R' then slices(a) end
  local before = placeOf(a, entry)
  local beforeUsed, setAside = before and before.s + before.d or 0, entry.held + entry.settled
  local amount = amounts[entry.key] or {0, 0}
  if op == 'S' then
    move(a, entry, 0, entry.kind == 'S' and 0 or amount[1])
  elseif op == 'L' then
    move(a, entry, 0, entry.kind == 'S' and 0 or amount[2])
  elseif op == 'A' then
    move(a, entry, 0, entry.kind == 'S' and 0 or math.max(0, entry.settled + amount[2] - amount[1]))
  elseif op == 'R' then
    move(a, entry, 0, 0)
  elseif op == 'P' then
    -- Only downwards: what was spent stays spent, and what was given back is gone.
    local settled = math.max(entry.settled, amount[2])
    move(a, entry, math.min(entry.held, amount[1]), settled)
  else
    -- What was borrowed may be spent: nobody gives it back but who borrowed it.
    local isCharged = ARGV[5] == '1' or string.sub(hold.print, 1, 1) == 'L'
    move(a, entry, 0, entry.settled + ((entry.kind ~= 'S' and isCharged) and entry.held or 0))
  end
  local w = placeOf(a, entry)
  if w and target == 'S' and hold.state ~= 'S' then
    w.o = math.max(0, w.o - 1)
    w.changed = true
  end
  if a.P ~= '' then cascade(a, now) end
  save(a)
  if w then
    reply[#reply + 1] = entry.key
    reply[#reply + 1] = entry.isShared and '1' or '0'
    reply[#reply + 1] = text(beforeUsed)
    reply[#reply + 1] = text(setAside)
    for _, figure in ipairs({w.s, w.h, w.d, a.l, a.b, a.e, a.g}) do reply[#reply + 1] = text(figure) end
  end
end
if op == 'P' then
  write(KEYS[1], hold)
  return reply
end
if hold.state == 'H' then call('ZREM', KEYS[2], ARGV[2]) end
if op == 'A' or op == 'L' then hold.print = ARGV[5] end
hold.state = target
hold.ends = now
write(KEYS[1], hold, ARGV[4])
return reply
