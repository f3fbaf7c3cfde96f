-- Holds all requests back for a time, unless a pause is in force that ends later.
-- KEYS: the pause, which is also the name of the channel. ARGV: milliseconds.
if redis.call('PTTL', KEYS[1]) < tonumber(ARGV[1]) then
  redis.call('SET', KEYS[1], '', 'PX', ARGV[1])
  redis.call('PUBLISH', KEYS[1], ARGV[1])
end
