-- SPDX-License-Identifier: MIT
-- Scripts that are killed and started again, against a gateway that counts what
-- it is asked to make.

local run = require "spec.support.run"

local starts = {}

-- Each script can be stopped at a point that the environment names.
local HEAD = [[
local mj = require "mj"
local function at(point)
  if os.getenv "HOLD" == point then
    print("at " .. point)
    io.flush()
    mj.sleep(100)
  end
end
]]

-- Words for the commands of a test.
local SHELL = [[
mjlua=$(realpath %s) dir=%s
specs=$PWD/spec
export HOME=$dir/home MJ_POLL=0.02,0.05
unset XDG_STATE_HOME LUA_INIT LUA_INIT_5_4 MJ_BASE_URL MJ_API_KEY MJ_AUTH HOLD
mkdir -p $HOME
there() { # FILE: is there, sooner or later
  i=0
  while [ ! -e $1 ] && [ $i -lt 1000 ]; do i=$((i + 1)); sleep 0.01; done
}
gateway() { # SETTINGS
  rm -f $dir/url
  $mjlua $specs/support/gateway.lua $dir "$1" >$dir/gateway.log 2>&1 &
  gateway=$!
  there $dir/url
  . $dir/url
}
count() {
  rm -f $dir/count
  : >$dir/ask
  there $dir/count
  cat $dir/count
}
pictures() {
  count >/dev/null
  cat $dir/pictures
}
begin() { # WORDS: mjlua in the background
  : >$dir/out
  env --default-signal=INT $mjlua "$@" >$dir/out 2>$dir/err &
  pid=$!
}
said() { # WORDS: on its standard output, sooner or later
  i=0
  while ! grep -qF "$1" $dir/out && [ $i -lt 1000 ]; do i=$((i + 1)); sleep 0.01; done
}
end() { # SIGNAL
  kill -$1 $pid
  wait $pid 2>/dev/null
  status=$?
}
cut_off() { # POINT WORDS: runs mjlua up to there, and kills it
  point=$1
  shift
  HOLD=$point
  export HOLD
  begin "$@"
  said "at $point"
  end 9
  unset HOLD
  grep -v "^at " $dir/out
}
gateway=
cd $dir
%s
[ -z "$gateway" ] || kill $gateway 2>/dev/null
wait $gateway 2>/dev/null
exit 0
]]

-- What a start says that goes on.
starts.ANNOUNCED = "mjlua: going on with what was cut off; --fresh begins anew\n"

-- A folder for each test, removed after it: { path }.
function starts.folder(before_each, after_each)
  local place = {}
  before_each(function()
    place.path = run.folder()
  end)
  after_each(function()
    run.remove(place.path)
  end)
  return place
end

function starts.script(place, name, text)
  run.spit(place.path .. "/" .. name, HEAD .. text)
end

-- What the commands print, on standard output and standard error.
function starts.shell(place, commands, seconds)
  local text = SHELL:format(run.quote(run.mjlua), run.quote(place.path), commands)
  local status, out, err = run.shell(text, seconds)
  assert(status == 0, err)
  return out, err
end

-- The same with a gateway.
function starts.with(place, settings, commands, seconds)
  return starts.shell(place, ("gateway %s\n%s"):format(settings, commands), seconds)
end

-- For each test a folder; and script(name, text), with(settings, commands) in it.
function starts.around(before_each, after_each)
  local place = starts.folder(before_each, after_each)
  return place, function(name, text)
    starts.script(place, name, text)
  end, function(...)
    return starts.with(place, ...)
  end
end

-- The lines of a text.
function starts.lines(text)
  local list = {}
  for line in text:gmatch "[^\n]+" do
    list[#list + 1] = line
  end
  return list
end

return starts
