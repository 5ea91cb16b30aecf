-- A node's look at the server, each second. Less than the node counted itself, or another server, means that acknowledged writes may be lost; that is marked, and stays so
-- until the node says of this very mark that it has told everything again: an answer that gets lost, or a loss on the way, is found the next time.
-- KEYS: the node's count or mark, the nodes there are, the accounts of which what nodes borrowed was called back. ARGV: time, the count so far, the node, the server it
-- knows, the mark for which it has told everything again, the mark of now, until when it knows what was called back; nothing for what it does not know.
local now, expected = time(), tonumber(ARGV[2])
local before = call('GET', KEYS[1]) or ''
call('ZREMRANGEBYSCORE', KEYS[2], '-inf', text(now - 5000000))
call('ZADD', KEYS[2], text(now), ARGV[3])
local info = redis.pcall('INFO', 'server')
local server = type(info) == 'string' and match(info, 'run_id:(%w+)') or ''
local isSameServer = ARGV[4] == '' or server == '' or server == ARGV[4]
local knows = (tonumber(before) or -1) >= expected or (ARGV[5] ~= '' and before == ARGV[5])
local isLost = expected > 0 and not (isSameServer and knows)
call('SET', KEYS[1], isLost and ARGV[6] or text(expected + 1), 'PX', 172800000)
return {isLost and '1' or '0', text(now), call('ZCARD', KEYS[2]), call('ZRANGEBYSCORE', KEYS[3], '(' .. ARGV[7], '+inf'), server}
