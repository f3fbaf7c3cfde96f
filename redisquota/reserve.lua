-- Reserves the earliest turn that every quota allows. All times are microseconds of the server's clock.
-- KEYS: the pause, then the reserved turns of each quota that counts the request.
-- ARGV: the id of the request, then the number of requests and the window of each quota.
-- Returns the time until the turn, and the milliseconds that are left of the pause.
local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local pause = math.max(redis.call('PTTL', KEYS[1]), 0)

local quotas = {}
for i = 2, #KEYS do
  local key, requests, window = KEYS[i], tonumber(ARGV[2 * i - 2]), tonumber(ARGV[2 * i - 1])
  redis.call('ZREM', key, ARGV[1]) -- a repeated command, or a turn that has been missed
  redis.call('ZREMRANGEBYSCORE', key, '-inf', now - window)

  -- Runs of as many turns as the quota allows. A run that is shorter than a window closes the time around it.
  local closed = {}
  local first = redis.call('ZRANGE', key, 0, -requests, 'WITHSCORES')
  if #first > 0 then
    local last = redis.call('ZRANGE', key, requests - 1, -1, 'WITHSCORES')
    for j = 2, #first, 2 do
      local from, to = tonumber(first[j]), tonumber(last[j])
      if to - from < window then
        closed[#closed + 1] = {after = to - window, before = from + window}
      end
    end
  end
  quotas[#quotas + 1] = {key = key, window = window, closed = closed}
end

local turn, found = now + pause * 1000, false
while not found do
  found = true
  for _, quota in ipairs(quotas) do
    for _, span in ipairs(quota.closed) do
      if span.after < turn and turn < span.before then
        turn, found = span.before, false
      end
    end
  end
end

for _, quota in ipairs(quotas) do
  redis.call('ZADD', quota.key, turn, ARGV[1])
  local latest = redis.call('ZRANGE', quota.key, -1, -1, 'WITHSCORES')[2]
  redis.call('PEXPIRE', quota.key, math.ceil((latest - now + quota.window) / 1000))
end
return {turn - now, pause}
