-- Alerts that are over. KEYS: those that are not. ARGV: time, names.
for n = 2, #ARGV do call('HDEL', KEYS[1], ARGV[n]) end
return 0
