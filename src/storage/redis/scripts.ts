/**
 * The Lua that counts. A script runs alone in the server, so each is one step for all gateways, and its time is the
 * server's.
 *
 * A bucket has two keys. Its log is a sorted set: score = milliseconds, member = `entry:token:amount`. Its windows are
 * a hash: `last` is the latest time the bucket was looked at (time never runs back in it), `keep` how many milliseconds
 * the log must remember, and each `w<window>` holds
 * `since length until amount`: what entries at or after `since` add up to. A window moves by subtracting what left it,
 * so a call costs what entered and left, not what is inside. `length` (sliding) or `until` (calendar) is 0 for the other.
 *
 * Amounts are exact: Lua has only doubles, so a number is five limbs of fifteen decimal digits, the highest first
 * (`0,0,0,1000,0` is one unit of 10^18). Each limb, and the sum of two and a carry, stays below 2^53.
 */

const ARITHMETIC = `
local BASE = 1000000000000000
local function parse(text)
  local a, b, c, d, e = string.match(text, '^(%d+),(%d+),(%d+),(%d+),(%d+)$')
  return { tonumber(a), tonumber(b), tonumber(c), tonumber(d), tonumber(e) }
end
local function text(n)
  return string.format('%.0f,%.0f,%.0f,%.0f,%.0f', n[1], n[2], n[3], n[4], n[5])
end
local function add(x, y)
  local sum, carry = {}, 0
  for i = 5, 1, -1 do
    local limb = x[i] + y[i] + carry
    if limb >= BASE then limb = limb - BASE; carry = 1 else carry = 0 end
    sum[i] = limb
  end
  if carry == 1 then error('an amount is beyond what can be counted') end
  return sum
end
local function minus(x, y)
  local left, borrow = {}, 0
  for i = 5, 1, -1 do
    local limb = x[i] - y[i] - borrow
    if limb < 0 then limb = limb + BASE; borrow = 1 else borrow = 0 end
    left[i] = limb
  end
  if borrow == 1 then error('a log adds up to less than nothing') end
  return left
end
local function above(x, y)
  for i = 1, 5 do
    if x[i] ~= y[i] then return x[i] > y[i] end
  end
  return false
end
local function ms(n) return string.format('%.0f', n) end
local function serverNow(given)
  if given ~= '' then return tonumber(given) end
  local time = redis.call('TIME')
  return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local function amountOf(member) return parse(string.match(member, '^%d+:[^:]*:([%d,]+)$')) end
local function readWindows(key)
  local flat = redis.call('HGETALL', key)
  local state = { last = 0, keep = 0, windows = {} }
  for i = 1, #flat, 2 do
    if flat[i] == 'last' then
      state.last = tonumber(flat[i + 1])
    elseif flat[i] == 'keep' then
      state.keep = tonumber(flat[i + 1])
    else
      local since, length, untilAt, used = string.match(flat[i + 1], '^(-?%d+) (%d+) (%d+) ([%d,]+)$')
      state.windows[flat[i]] =
        { since = tonumber(since), length = tonumber(length), untilAt = tonumber(untilAt), used = parse(used) }
    end
  end
  return state
end
local function windowText(window)
  return ms(window.since) .. ' ' .. ms(window.length) .. ' ' .. ms(window.untilAt) .. ' ' .. text(window.used)
end
-- What the entries from one time up to, and without, another add up to.
local PAGE = 1000
local function sumOf(log, from, before)
  local sum, page, count = { 0, 0, 0, 0, 0 }, 0, 0
  repeat
    local members = redis.call('ZRANGEBYSCORE', log, from, before, 'LIMIT', page * PAGE, PAGE)
    for _, member in ipairs(members) do sum = add(sum, amountOf(member)) end
    page = page + 1
    count = count + #members
  until #members < PAGE
  return sum, count
end
-- An entry leaves its log, and every window that still holds it.
local function remove(log, windowsKey, at, member)
  if redis.call('ZREM', log, member) == 0 then return end
  local amount = amountOf(member)
  for name, window in pairs(readWindows(windowsKey).windows) do
    if window.since <= at then
      window.used = minus(window.used, amount)
      redis.call('HSET', windowsKey, name, windowText(window))
    end
  end
end
`;

/**
 * KEYS: the leases, the entry counter, then log and windows of each bucket.
 * ARGV: token, lease in ms, a time to use instead of the server's or nothing, the buckets as JSON
 * (`amount`, `keep`, and `demands` of `index`, `window`, `length` or `from` and `until`, `max`, `shadow`).
 * Gives `reserved, entry, at, lease` or `exceeded, at, index, used, resetsAt` or `span, at` where a calendar span is another by now.
 */
export const RESERVE = `${ARITHMETIC}
local now = serverNow(ARGV[3])
local buckets = cjson.decode(ARGV[4])
local at = now
for i, bucket in ipairs(buckets) do
  bucket.log = KEYS[1 + 2 * i]
  bucket.key = KEYS[2 + 2 * i]
  bucket.state = readWindows(bucket.key)
  bucket.sum = parse(bucket.amount)
  if bucket.state.last > at then at = bucket.state.last end
end
for _, bucket in ipairs(buckets) do
  for _, demand in ipairs(bucket.demands) do
    if demand.length == 0 and (at < demand.from or at >= demand['until']) then return { 'span', ms(at) } end
  end
end

local function advance(bucket, demand)
  local windows, name = bucket.state.windows, 'w' .. demand.window
  local since = demand.from
  if demand.length > 0 then since = at - demand.length + 1 end
  local window = windows[name]
  if window == nil then
    window = { since = since, used = sumOf(bucket.log, ms(since), '+inf') }
    windows[name] = window
  elseif window.since < since then
    -- Nothing was entered after the last look; where all of it has left, it need not be added up.
    if since > bucket.state.last then
      window.used = { 0, 0, 0, 0, 0 }
      bucket.left = true
    else
      local sum, count = sumOf(bucket.log, ms(window.since), '(' .. ms(since))
      if count > 0 then
        window.used = minus(window.used, sum)
        bucket.left = true
      end
    end
    window.since = since
  end
  window.length = demand.length
  window.untilAt = demand['until']
  window.demanded = true
  return window
end

local first, firstUsed, firstBucket
for _, bucket in ipairs(buckets) do
  for _, demand in ipairs(bucket.demands) do
    local window = advance(bucket, demand)
    if not demand.shadow and (first == nil or demand.index < first.index) then
      if above(add(window.used, bucket.sum), parse(demand.max)) then
        first, firstUsed, firstBucket = demand, window, bucket
      end
    end
  end
end

local entry = ''
if first == nil then entry = ms(redis.call('INCR', KEYS[2])) end
local leased = {}
for i, bucket in ipairs(buckets) do
  local keep = math.max(bucket.keep, bucket.state.keep)
  local oldest = at - keep + 1
  local fields = { 'last', ms(at), 'keep', ms(keep) }
  for name, window in pairs(bucket.state.windows) do
    local idle = at >= window.since + 2 * window.length
    if window.length == 0 then idle = at >= window.untilAt end
    if not window.demanded and idle then
      -- Nobody asks for it; who does again adds it up anew.
      redis.call('HDEL', bucket.key, name)
    else
      if first == nil then window.used = add(window.used, bucket.sum) end
      if window.since < oldest then oldest = window.since end
      fields[#fields + 1] = name
      fields[#fields + 1] = windowText(window)
    end
  end
  redis.call('HSET', bucket.key, unpack(fields))
  if bucket.left then redis.call('ZREMRANGEBYSCORE', bucket.log, '-inf', '(' .. ms(oldest)) end
  if first == nil then
    local member = entry .. ':' .. ARGV[1] .. ':' .. bucket.amount
    redis.call('ZADD', bucket.log, ms(at), member)
    leased[i] = { log = bucket.log, key = bucket.key, at = ms(at), member = member }
  end
  -- Both keys go when the longest window has passed over them; a minute more does no harm.
  local expiry = ms(keep + at - now + 60000)
  redis.call('PEXPIRE', bucket.key, expiry)
  redis.call('PEXPIRE', bucket.log, expiry)
end
if first == nil then
  local lease = entry .. ':' .. ARGV[1] .. ':' .. cjson.encode(leased)
  redis.call('ZADD', KEYS[1], ms(now + tonumber(ARGV[2])), lease)
  return { 'reserved', entry, ms(at), lease }
end

local resets = ''
if first.length == 0 then
  resets = ms(first['until'])
else
  local left, page = firstUsed.used, 0
  local max = parse(first.max)
  repeat
    local rows = redis.call('ZRANGEBYSCORE', firstBucket.log, ms(firstUsed.since), '+inf', 'WITHSCORES', 'LIMIT', page * PAGE, PAGE)
    for i = 1, #rows, 2 do
      left = minus(left, amountOf(rows[i]))
      if not above(add(left, firstBucket.sum), max) then
        resets = ms(tonumber(rows[i + 1]) + first.length)
        break
      end
    end
    page = page + 1
  until resets ~= '' or #rows < 2 * PAGE
end
return { 'exceeded', ms(at), ms(first.index), text(firstUsed.used), resets }
`;

/** KEYS: the leases, then log and windows of each bucket. ARGV: the lease's member, then time and member in each log. */
export const GIVE_BACK = `${ARITHMETIC}
redis.call('ZREM', KEYS[1], ARGV[1])
for i = 2, #ARGV, 2 do
  remove(KEYS[i], KEYS[i + 1], tonumber(ARGV[i]), ARGV[i + 1])
end
return 1
`;

/** KEYS: the leases. ARGV: a time to use instead of the server's, or nothing. Gives back a hundred at most; how many. */
export const SWEEP = `${ARITHMETIC}
local due = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ms(serverNow(ARGV[1])), 'LIMIT', 0, 100)
for _, lease in ipairs(due) do
  redis.call('ZREM', KEYS[1], lease)
  for _, one in ipairs(cjson.decode(string.match(lease, '^[^:]*:[^:]*:(.*)$'))) do
    remove(one.log, one.key, tonumber(one.at), one.member)
  end
end
return #due
`;
