-- Claims an alert, or gives it back. KEYS: claim. ARGV: time, C or R, milliseconds it is remembered.
if ARGV[2] == 'R' then return call('DEL', KEYS[1]) end
return call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[3]) and 1 or 0
