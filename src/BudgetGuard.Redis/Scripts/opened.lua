-- Some of the alerts that are not over. KEYS: them. ARGV: time, where the call before this one ended (0 at first), about how many.
-- Answers where it ended (0: that was all), then each one's name and text.
local some = call('HSCAN', KEYS[1], ARGV[2], 'COUNT', ARGV[3])
local reply = {some[1]}
for n, one in ipairs(some[2]) do reply[n + 1] = one end
return reply
