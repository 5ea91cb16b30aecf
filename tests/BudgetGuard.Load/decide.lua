-- Decisions for one of a hundred users; with the argument "settle" each hold that was given is settled, one settlement for each decision.
local settles = false
local holds = {}
local user = 0
local json = { ["Content-Type"] = "application/json" }
init = function(args)
  settles = args[1] == "settle"
end
request = function()
  if #holds > 0 then
    return wrk.format("POST", "/budgetguard/api/holds/" .. table.remove(holds) .. "/settle", json, '{"cost":0.004}')
  end
  user = (user + 1) % 100
  return wrk.format("POST", "/budgetguard/api/decisions", json, '{"user":"user' .. user .. '","operation":"chat_completion","model":"gpt-4o-mini","estimated_cost":0.01}')
end
response = function(status, headers, body)
  if settles then
    local hold = body:match('"hold_id":"(%x+)"')
    if hold then holds[#holds + 1] = hold end
  end
end
