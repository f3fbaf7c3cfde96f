-- Gives back the turn that a request has, if any, and reserves the earliest one that every quota allows.
-- All times are microseconds of the server's clock.
-- KEYS: the pause; a hash of the times before which no turn is open; the turns of each quota that counts the request.
-- ARGV: the id of the request; 1 to reserve a turn; the number of requests and the window of each quota.
-- Returns the time until the turn, and the milliseconds that are left of the pause.
local id, wantsTurn = ARGV[1], ARGV[2] == '1'
local quotas = {}
for i = 3, #KEYS do
  quotas[#quotas + 1] = {key = KEYS[i], requests = tonumber(ARGV[2 * i - 3]), window = tonumber(ARGV[2 * i - 2])}
end

local function text(time) return string.format('%.0f', time) end

-- A turn that is given back opens the time around it.
local freed
for _, quota in ipairs(quotas) do
  local turn = redis.call('ZSCORE', quota.key, id)
  if turn then
    redis.call('ZREM', quota.key, id)
    freed = math.min(freed or turn, turn - quota.window)
  end
end
if freed then
  local full = redis.call('HGETALL', KEYS[2])
  for i = 1, #full, 2 do
    if tonumber(full[i + 1]) > freed then
      redis.call('HSET', KEYS[2], full[i], text(freed))
    end
  end
end
if not wantsTurn then
  return {0, 0}
end

local clock = redis.call('TIME')
local now = clock[1] * 1000000 + clock[2]
local pause = math.max(redis.call('PTTL', KEYS[1]), 0)

-- Returns when a quota allows a turn, at the given time or later. A run of as many turns as the quota allows, shorter than
-- its window, closes the time around it. Only runs near the given time are read.
local function open(quota, time)
  local key, window = quota.key, quota.window
  local before = redis.call('ZCOUNT', key, '(' .. text(time - window), text(time))
  local after = redis.call('ZCOUNT', key, '(' .. text(time), '(' .. text(time + window))
  local runs = before + after - quota.requests + 1
  if runs < 1 then
    return time
  end
  local from = redis.call('ZCOUNT', key, '-inf', text(time)) - before
  local to = from + quota.requests - 1
  local function closed(lowest, highest) -- until when, by these runs
    local first = redis.call('ZRANGE', key, from + lowest, from + highest, 'WITHSCORES')
    local last = redis.call('ZRANGE', key, to + lowest, to + highest, 'WITHSCORES')
    for i = #first, 2, -2 do
      if last[i] - first[i] < window then
        return first[i] + window
      end
    end
  end
  -- While many requests wait, the last run decides.
  return closed(runs - 1, runs - 1) or runs > 1 and closed(0, runs - 2) or time
end

-- Requests that the same quotas count search on from where the last one has found its turn.
local class = table.concat(KEYS, ' ', 3)
local start = math.max(now + pause * 1000, tonumber(redis.call('HGET', KEYS[2], class) or 0))
local turn, found = start, false
while not found do
  found = true
  for _, quota in ipairs(quotas) do
    local earliest = open(quota, turn)
    if earliest > turn then
      turn, found = earliest, false
    end
  end
end

local expiry = 0
for _, quota in ipairs(quotas) do
  redis.call('ZREMRANGEBYSCORE', quota.key, '-inf', text(now - quota.window))
  redis.call('ZADD', quota.key, text(turn), id)
  local latest = redis.call('ZRANGE', quota.key, -1, -1, 'WITHSCORES')[2]
  local milliseconds = math.ceil((latest - now + quota.window) / 1000)
  redis.call('PEXPIRE', quota.key, milliseconds)
  expiry = math.max(expiry, milliseconds)
end
if turn > start then
  redis.call('HSET', KEYS[2], class, text(turn))
  redis.call('PEXPIRE', KEYS[2], math.max(expiry, redis.call('PTTL', KEYS[2])))
end
return {turn - now, pause}
