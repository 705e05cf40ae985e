-- SPDX-License-Identifier: MIT
-- Runs programs for the specs that look at mjlua from outside.

local run = {}

run.build = os.getenv "MJ_BUILD" or "build"
run.mjlua = run.build .. "/mjlua"

function run.quote(text)
  return "'" .. text:gsub("'", "'\\''") .. "'"
end

local function slurp(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end
run.slurp = slurp

function run.spit(path, text)
  local file = assert(io.open(path, "wb"))
  assert(file:write(text))
  file:close()
end

function run.absolute(path)
  local pipe = assert(io.popen("realpath " .. run.quote(path)))
  local full = pipe:read "*l"
  pipe:close()
  return full
end

function run.folder()
  local pipe = assert(io.popen "mktemp -d")
  local path = pipe:read "*l"
  pipe:close()
  return path
end

function run.remove(folder)
  assert(folder:find "^/tmp/", folder)
  os.execute("rm -rf " .. run.quote(folder))
end

-- A shell command, within a time; returns status, stdout, stderr.  Journals that
-- it leaves are nobody else's, and no file of gateways is read.
function run.shell(command, seconds)
  local folder = run.folder()
  local script = folder .. "/script"
  run.spit(script, command)
  local full = (("XDG_STATE_HOME=%s/state XDG_CONFIG_HOME=%s/config "
    .. "timeout %d sh %s >%s/out 2>%s/err </dev/null"):format(
    folder, folder, seconds or 60, script, folder, folder))
  local ok, how, status = os.execute(full)
  if type(ok) == "number" then -- 5.1
    status = ok / 256
  elseif how == "signal" then
    status = 128 + status
  end
  local out, err = slurp(folder .. "/out"), slurp(folder .. "/err")
  run.remove(folder)
  return status, out, err
end

-- mjlua with arguments as they are; the environment names no gateway.
function run.lua(...)
  local words = { "env -u MJ_BASE_URL -u MJ_API_KEY -u LUA_INIT -u LUA_INIT_5_4", run.mjlua }
  for _, word in ipairs { ... } do
    words[#words + 1] = run.quote(word)
  end
  return run.shell(table.concat(words, " "))
end

-- A simulator for several programs: $mjlua, $build, $out (a folder) and what it
-- prints of itself ($MJ_BASE_URL, $MJ_API_KEY, $MJ_AUTH) are set.
function run.with_gateway(out, settings, commands)
  return run.shell(([[
    mjlua=%s build=%s out=%s
    export MJ_POLL=0.02,0.05
    : >$out/.url
    env --default-signal=INT $mjlua --sim-serve 127.0.0.1:0,%s >$out/.url 2>$out/.log &
    server=$!
    i=0
    while [ "$(wc -l <$out/.url)" -lt 2 ] && [ $i -lt 500 ]; do i=$((i + 1)); sleep 0.01; done
    eval "$(tail -n 1 $out/.url)"
    rm $out/.url
    %s
    kill -INT $server
    wait $server
    status=$?
    grep -v '^mjlua: most in 60 seconds: ' $out/.log >&2
    rm $out/.log
    exit $status]]):format(run.mjlua, run.build, out, settings, commands))
end

return run
