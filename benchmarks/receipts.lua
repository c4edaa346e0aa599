-- Receipts, each started, updated and finished, one after the other on the connection of each thread.
-- Its arguments: a Lua file that returns {path, headers, bodies = {start, update, finish}}, and a number
-- that no other run had, so that all ids are new.
local load, run, step, number = nil, 0, 3, 0
local threads = 0

function setup(thread)
  thread:set("id", threads)
  threads = threads + 1
end

function init(args)
  load = dofile(args[1])
  run = tonumber(args[2])
end

function request()
  if step == 3 then number, step = number + 1, 0 end
  -- wrk asks the first thread once without sending: no thread goes on with its first receipt.
  if number == 1 then step = 2 end
  step = step + 1
  local revision = number == 1 and 1 or step
  local receipt = string.format("%08x-%04x-4000-8000-%012x", run, id, number)
  local path = load.path .. receipt .. "?tx_revision=" .. revision
  return wrk.format("PUT", path, load.headers, load.bodies[revision])
end

function done(summary, latency)
  local errors = summary.errors
  io.write(string.format(
    'counted {"requests": %d, "microseconds": %d, "p50": %d, "p99": %d, "refused": %d, "broken": %d}\n',
    summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
