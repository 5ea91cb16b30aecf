-- A chat request of a kilobyte, from one of a hundred users.
wrk.method = "POST"
local body = '{"model":"gpt-4o-mini","max_tokens":100,"messages":[{"role":"user","content":"' .. string.rep("lorem ipsum ", 78) .. '"}]}'
local user = 0
request = function()
  user = (user + 1) % 100
  return wrk.format("POST", "/v1/chat/completions", { ["Content-Type"] = "application/json", ["X-User-ID"] = "user" .. user }, body)
end
