-- Takes a note of a hold that was given to a caller of the API. A note is a hash: d what does not change, n its name, x when its hold is over (ticks), g by how much it
-- has grown (nano-dollars), and once it ended e how (1 released, 2 settled), c its charge, w what it was settled with.
-- KEYS: note, and the name if it has one. ARGV: time, id, details, end, how long it is kept (ms), name.
if KEYS[2] then
  if not call('SET', KEYS[2], ARGV[2], 'NX', 'PX', ARGV[5]) then
    if call('GET', KEYS[2]) ~= ARGV[2] then return 0 end
  end
  call('HSET', KEYS[1], 'n', ARGV[6])
end
call('HSET', KEYS[1], 'd', ARGV[3], 'x', ARGV[4], 'g', '0')
call('PEXPIRE', KEYS[1], ARGV[5])
return 1
