-- A note as it is kept, or the id of the one that has a name. KEYS: note, or name. ARGV: time, 1 if it is a name.
if ARGV[2] == '1' then return call('GET', KEYS[1]) end
return call('HMGET', KEYS[1], 'd', 'x', 'g', 'e', 'c', 'w', 'n')
