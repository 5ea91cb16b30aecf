-- Calls back what nodes borrowed and do not use; at most some times a second, however many ask. KEYS: how often, whether just now. ARGV: time.
if call('SET', KEYS[2], '1', 'NX', 'PX', 200) then return call('INCR', KEYS[1]) end
return 0
