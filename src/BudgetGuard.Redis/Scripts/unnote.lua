-- Forgets a note, with its name if that is still its own. KEYS: note, its name if it has one. ARGV: time, id.
if KEYS[2] and call('GET', KEYS[2]) == ARGV[2] then call('DEL', KEYS[2]) end
return call('DEL', KEYS[1])
