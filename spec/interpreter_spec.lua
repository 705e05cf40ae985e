-- SPDX-License-Identifier: MIT
-- mjlua as a drop-in lua: each case of spec/interpreter/*.case is run with both,
-- under the name lua, and must give the same outputs and the same status.
--
-- A case file is Lua: a call of case{...} for each case, with
--   name     what it shows
--   argv     the words after `lua`
--   env, stdin, files (name -> text, in the folder where it runs)
--   shell    in place of argv: commands, in which `lua` is the interpreter
--   first    only the first line of standard error is compared
--   drop     lines of standard error with this pattern are not compared
--   typed    standard input is read as lines of the prompt: Debian's lua, which has
--            readline, repeats them, and that is taken out
--   replace  a pattern of standard error and what stands for it
--   status   also checked by itself, so that both cannot be wrong alike
--   lua_status  lua's, where mjlua differs on purpose

local run = require "spec.support.run"

local q = run.quote
local OTHER = "lua5.4"

local function read_cases(path)
  local list, names = {}, {}
  local chunk = assert(loadfile(path))
  local env = setmetatable({
    case = function(t)
      assert(type(t.name) == "string" and not names[t.name], t.name or "a case without a name")
      assert(t.argv or t.shell, t.name)
      names[t.name] = true
      list[#list + 1] = t
    end,
  }, { __index = _G })
  if setfenv then
    setfenv(chunk, env) -- luacheck: ignore 113
  else
    debug.setupvalue(chunk, 1, env)
  end
  chunk()
  return list
end

local function case_files()
  local pipe = assert(io.popen "ls spec/interpreter/*.case")
  local list = {}
  for path in pipe:lines() do
    list[#list + 1] = path
  end
  pipe:close()
  return list
end

-- A folder with `lua` for each of the two.
local function link(folder)
  for _, name in ipairs { "mjlua", OTHER } do
    os.execute(("mkdir -p %s/%s"):format(folder, name))
  end
  os.execute(("ln -s %s %s/mjlua/lua"):format(q(run.absolute(run.mjlua)), folder))
  os.execute(("ln -s \"$(command -v %s)\" %s/%s/lua"):format(OTHER, folder, OTHER))
end

local function command(case)
  if case.shell then
    return case.shell
  end
  local words = { "exec lua" }
  for _, word in ipairs(case.argv) do
    words[#words + 1] = q(word)
  end
  return table.concat(words, " ")
end

local function play(folder, which, case)
  local place = folder .. "/run"
  os.execute(("rm -rf %s; mkdir %s"):format(place, place))
  for name, text in pairs(case.files or {}) do
    run.spit(place .. "/" .. name, text)
  end
  run.spit(folder .. "/stdin", case.stdin or "")
  run.spit(folder .. "/command", command(case))
  local env = { "env -i LC_ALL=C.UTF-8 HOME=" .. place, ("PATH=%s/%s:$PATH"):format(folder, which) }
  for name, value in pairs(case.env or {}) do
    env[#env + 1] = q(name .. "=" .. value)
  end
  local status, out, err = run.shell(("cd %s; %s sh %s/command <%s/stdin"):format(
    place, table.concat(env, " "), folder, folder), 20)
  return { status = status, out = out, err = err }
end

-- The lines that readline repeats after the prompt.
local function silence(out, stdin)
  local at = 1
  for line in stdin:gsub("[^\n]$", "%0\n"):gmatch "([^\n]*)\n" do
    local first, last = out:find("> " .. line .. "\n", at, true)
    if not first then
      return out
    end
    out = out:sub(1, first + 1) .. out:sub(last + 1)
    at = first + 2
  end
  return out
end

local function normal(result, case)
  local err = result.err:gsub("0x%x+", "0x")
  if case.first then
    err = err:match "^[^\n]*"
  end
  if case.drop then
    local kept = {}
    for line in err:gmatch "[^\n]*\n?" do
      if not line:find(case.drop) then
        kept[#kept + 1] = line
      end
    end
    err = table.concat(kept)
  end
  if case.replace then
    err = err:gsub(case.replace[1], case.replace[2])
  end
  result.err, result.out = err, result.out:gsub("0x%x+", "0x")
  return result
end

describe("mjlua is lua:", function()
  local folder, total = nil, 0
  setup(function()
    folder = run.folder()
    link(folder)
  end)
  teardown(function()
    run.remove(folder)
  end)

  for _, path in ipairs(case_files()) do
    describe(path:match "([%w_-]+)%.case$", function()
      for _, case in ipairs(read_cases(path)) do
        total = total + 1
        it(case.name, function()
          local theirs = play(folder, OTHER, case)
          local ours = play(folder, "mjlua", case)
          if case.typed then
            theirs.out = silence(theirs.out, case.stdin)
          end
          if case.lua_status then
            assert.equal(case.lua_status, theirs.status)
            theirs.status = case.status
          end
          assert.same(normal(theirs, case), normal(ours, case))
          if case.status then
            assert.equal(case.status, ours.status)
          end
        end)
      end
    end)
  end

  it("in many cases", function()
    assert.truthy(total >= 120, ("there are %d"):format(total))
  end)
end)
