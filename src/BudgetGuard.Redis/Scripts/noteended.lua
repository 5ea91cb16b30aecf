-- Notes how a hold ended. It only moves up: released, settled. KEYS: note, its name if it has one. ARGV: time, how, charge, what it was settled with, how long it is kept (ms).
-- Answers if that is new, and the end that counts.
if call('EXISTS', KEYS[1]) == 0 then return false end
local isNew = (tonumber(call('HGET', KEYS[1], 'e')) or 0) < tonumber(ARGV[2])
if isNew then
  call('HSET', KEYS[1], 'e', ARGV[2], 'c', ARGV[3], 'w', ARGV[4])
  for n = 1, #KEYS do call('PEXPIRE', KEYS[n], ARGV[5]) end
end
local found = call('HMGET', KEYS[1], 'e', 'c', 'w')
return {isNew and 1 or 0, found[1], found[2], found[3]}
