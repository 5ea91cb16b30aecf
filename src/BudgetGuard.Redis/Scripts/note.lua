-- Notes what was found in accounts; not in those that are gone by now. KEYS: accounts. ARGV: time, then of each what is noted.
for n, key in ipairs(KEYS) do
  if call('EXISTS', key) == 1 then call('HSET', key, 'w', ARGV[n + 1]) end
end
return 0
