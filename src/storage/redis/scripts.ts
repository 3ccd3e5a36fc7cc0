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
 * Decides calls one after the other. KEYS: the leases, the entry counter, then log and windows of each bucket.
 * ARGV: token, lease in ms, a time to use instead of the server's or nothing, the calls as JSON: each a list of buckets
 * (`key`: which of the pairs of keys, `amount`, `keep`, and `demands` of `index`, `window`, `length` or `from` and
 * `until`, `max`, `shadow`). Gives for each call `reserved, entry, at, lease` or `exceeded, at, index, used, resetsAt`
 * or `span, at` where a calendar span is another by now. Where a demand in shadow would have refused, `reserved` goes on
 * with its `index, used`, and no bucket in shadow is entered.
 */
export const RESERVE = `${ARITHMETIC}
local now = serverNow(ARGV[3])
local states = {}

local function stateOf(bucket)
  local state = states[bucket.key]
  if state == nil then
    local windowsKey = KEYS[4 + 2 * bucket.key]
    state = readWindows(windowsKey)
    state.log = KEYS[3 + 2 * bucket.key]
    state.windowsKey = windowsKey
    states[bucket.key] = state
  end
  return state
end

local function advance(state, demand, at)
  local name = 'w' .. demand.window
  local since = demand.from
  if demand.length > 0 then since = at - demand.length + 1 end
  local window = state.windows[name]
  if window == nil then
    window = { since = since, used = sumOf(state.log, ms(since), '+inf') }
    state.windows[name] = window
  elseif window.since < since then
    -- Nothing was entered after the last look; where all of it has left, it need not be added up.
    if since > state.last then
      window.used = { 0, 0, 0, 0, 0 }
      state.left = true
    else
      local sum, count = sumOf(state.log, ms(window.since), '(' .. ms(since))
      if count > 0 then
        window.used = minus(window.used, sum)
        state.left = true
      end
    end
    window.since = since
  end
  window.length = demand.length
  window.untilAt = demand['until']
  window.demanded = true
  return window
end

local function resetsAt(demand, window, amount, log)
  if demand.length == 0 then return ms(demand['until']) end
  local left, page, max = window.used, 0, parse(demand.max)
  repeat
    local rows = redis.call('ZRANGEBYSCORE', log, ms(window.since), '+inf', 'WITHSCORES', 'LIMIT', page * PAGE, PAGE)
    for i = 1, #rows, 2 do
      left = minus(left, amountOf(rows[i]))
      if not above(add(left, amount), max) then return ms(tonumber(rows[i + 1]) + demand.length) end
    end
    page = page + 1
  until #rows < 2 * PAGE
  return ''
end

local function decide(buckets)
  local at = now
  for _, bucket in ipairs(buckets) do at = math.max(at, stateOf(bucket).last) end
  for _, bucket in ipairs(buckets) do
    for _, demand in ipairs(bucket.demands) do
      if demand.length == 0 and (at < demand.from or at >= demand['until']) then return { 'span', ms(at) } end
    end
  end

  local first, watched
  for _, bucket in ipairs(buckets) do
    local state = stateOf(bucket)
    local amount = parse(bucket.amount)
    for _, demand in ipairs(bucket.demands) do
      local window = advance(state, demand, at)
      local known = first
      if demand.shadow then known = watched end
      if (known == nil or demand.index < known.demand.index) and above(add(window.used, amount), parse(demand.max)) then
        local found = { demand = demand, window = window, amount = amount, log = state.log }
        if demand.shadow then watched = found else first = found end
      end
    end
    state.last = at
    state.keep = math.max(state.keep, bucket.keep)
  end
  if first ~= nil then
    local resets = resetsAt(first.demand, first.window, first.amount, first.log)
    return { 'exceeded', ms(at), ms(first.demand.index), text(first.window.used), resets }
  end

  local entry = ms(redis.call('INCR', KEYS[2]))
  local leased = {}
  for _, bucket in ipairs(buckets) do
    if watched == nil or not bucket.demands[1].shadow then
      local state = stateOf(bucket)
      local amount = parse(bucket.amount)
      for _, window in pairs(state.windows) do window.used = add(window.used, amount) end
      local member = entry .. ':' .. ARGV[1] .. ':' .. bucket.amount
      redis.call('ZADD', state.log, ms(at), member)
      leased[#leased + 1] = { log = state.log, key = state.windowsKey, at = ms(at), member = member }
    end
  end
  local lease = entry .. ':' .. ARGV[1] .. ':' .. cjson.encode(leased)
  redis.call('ZADD', KEYS[1], ms(now + tonumber(ARGV[2])), lease)
  if watched == nil then return { 'reserved', entry, ms(at), lease } end
  return { 'reserved', entry, ms(at), lease, ms(watched.demand.index), text(watched.window.used) }
end

local answers = {}
for i, call in ipairs(cjson.decode(ARGV[4])) do answers[i] = decide(call) end

for _, state in pairs(states) do
  local oldest = state.last - state.keep + 1
  local fields = { 'last', ms(state.last), 'keep', ms(state.keep) }
  for name, window in pairs(state.windows) do
    local idle = state.last >= window.since + 2 * window.length
    if window.length == 0 then idle = state.last >= window.untilAt end
    if not window.demanded and idle then
      -- Nobody asks for it; who does again adds it up anew.
      redis.call('HDEL', state.windowsKey, name)
    else
      if window.since < oldest then oldest = window.since end
      fields[#fields + 1] = name
      fields[#fields + 1] = windowText(window)
    end
  end
  redis.call('HSET', state.windowsKey, unpack(fields))
  if state.left then redis.call('ZREMRANGEBYSCORE', state.log, '-inf', '(' .. ms(oldest)) end
  -- Both keys go when the longest window has passed over them; a minute more does no harm.
  local expiry = ms(state.keep + math.max(0, state.last - now) + 60000)
  redis.call('PEXPIRE', state.windowsKey, expiry)
  redis.call('PEXPIRE', state.log, expiry)
end
return answers
`;

/** KEYS: the leases. ARGV: leases that are no longer to lapse. Gives 1 or 0 for each: whether it still stood. */
export const CONFIRM = `
local stood = {}
for i, lease in ipairs(ARGV) do stood[i] = redis.call('ZREM', KEYS[1], lease) end
return stood
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
