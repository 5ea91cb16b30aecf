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
