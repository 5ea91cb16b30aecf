-- Claims an alert, or gives it back. KEYS: claim, alerts that are not over. ARGV: time, C or R, milliseconds it is remembered; then of an alert whose end is told its name
-- among those that are not over, its share of the limit, its text, and how many there can be. Higher shares of one window are one alert: shares|text.
local name, share = ARGV[4], ARGV[5]
if ARGV[2] == 'R' then
  local known = name and call('HGET', KEYS[2], name)
  if known then
    local shares, rest = string.match(known, '^([^|]*)(|.*)$')
    local kept = {}
    for one in string.gmatch(shares or '', '%S+') do
      if one ~= share then kept[#kept + 1] = one end
    end
    if kept[1] then call('HSET', KEYS[2], name, table.concat(kept, ' ') .. rest) else call('HDEL', KEYS[2], name) end
  end
  return call('DEL', KEYS[1])
end
if not call('SET', KEYS[1], '1', 'NX', 'PX', ARGV[3]) then return 0 end
if name then
  local known = call('HGET', KEYS[2], name)
  if known or call('HLEN', KEYS[2]) < tonumber(ARGV[7]) then
    local shares = known and string.match(known, '^([^|]*)|')
    call('HSET', KEYS[2], name, (shares and (shares .. ' ' .. share) or share) .. '|' .. ARGV[6])
  end
end
return 1
