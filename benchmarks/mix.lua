-- Ten requests in turn, as many of each kind as their shares say; what was counted as JSON.
-- Its argument is a Lua file that returns {turn = {"retrieve", …}, requests = {retrieve = {…}, …}}.
local turn, written, at = {}, {}, {}
local step = 0

function init(args)
  local load = dofile(args[1])
  turn = load.turn
  for kind, requests in pairs(load.requests) do
    written[kind], at[kind] = {}, 0
    for _, one in ipairs(requests) do
      table.insert(written[kind], wrk.format(one.method, one.path, one.headers, one.body))
    end
  end
end

function request()
  step = step % #turn + 1
  local kind = turn[step]
  at[kind] = at[kind] % #written[kind] + 1
  return written[kind][at[kind]]
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'counted {"requests": %d, "microseconds": %d, "p50": %d, "p99": %d, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
