-- Counts a node's looks at the server, and tells what it found: less than the node counted itself means that acknowledged writes were lost.
-- KEYS: the node's count. ARGV: time, the count from now on.
local before = call('GET', KEYS[1])
call('SET', KEYS[1], ARGV[2], 'PX', 172800000)
return before
