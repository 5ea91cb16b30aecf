-- Notes that a hold has grown. KEYS: note, its name if it has one. ARGV: time, by how much, end, how long it is kept (ms).
if call('EXISTS', KEYS[1]) == 0 then return 0 end
call('HINCRBY', KEYS[1], 'g', ARGV[2])
call('HSET', KEYS[1], 'x', ARGV[3])
for n = 1, #KEYS do call('PEXPIRE', KEYS[n], ARGV[4]) end
return 1
