-- A node's look at the server, each second. Less than the node counted itself, or another server, means that acknowledged writes may be lost.
-- KEYS: the node's count, the nodes there are, how often what nodes borrowed was called back. ARGV: time, the count from now on, the node.
local now = time()
local before = call('GET', KEYS[1])
call('SET', KEYS[1], ARGV[2], 'PX', 172800000)
call('ZREMRANGEBYSCORE', KEYS[2], '-inf', text(now - 5000000))
call('ZADD', KEYS[2], text(now), ARGV[3])
local info = redis.pcall('INFO', 'server')
local server = type(info) == 'string' and string.match(info, 'run_id:(%w+)') or ''
return {before or '', text(now), call('ZCARD', KEYS[2]), call('GET', KEYS[3]) or '0', server}
