-- wrk -s rotate.lua <url> -- <file of tokens, one a line> <header> <prefix>: each request carries the next token of the file.
local requests, index = {}, 0

function init(args)
  for token in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format('GET', nil, { [args[2]] = args[3] .. token })
  end
end

function request()
  index = index % #requests + 1
  return requests[index]
end

local LINE = '{"requests":%d,"micros":%d,"bytes":%d,"p50":%d,"p99":%d,"refused":%d,"broken":%d}\n'

function done(summary, latency)
  local errors = summary.errors
  local broken = errors.connect + errors.read + errors.write + errors.timeout
  io.write(LINE:format(summary.requests, summary.duration, summary.bytes, latency:percentile(50),
    latency:percentile(99), errors.status, broken))
end
