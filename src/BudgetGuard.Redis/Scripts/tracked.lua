-- Some of the accounts of a budget that are tracked and in use: each that is there from the first call to the last comes at least once.
-- KEYS: tracked. ARGV: time, where the call before this one ended (0 at first), about how many are looked at. Answers where it ended (0: that was all), then the accounts.
local now = time()
local some = call('ZSCAN', KEYS[1], ARGV[2], 'COUNT', ARGV[3])
local reply = {some[1]}
for n = 1, #some[2], 2 do
  -- The score is when it may give its place to another: the others have nothing in their window.
  if tonumber(some[2][n + 1]) > now then reply[#reply + 1] = some[2][n] end
end
return reply
