-- SPDX-License-Identifier: MIT
-- The prompt of mjlua: what is completed and kept, and how it looks on terminals.

local complete = require "mj.cli.complete"
local env = require "mj.env"
local history = require "mj.cli.history"
local helper = require "spec.helper"
local run = require "spec.support.run"
local screen = require "spec.support.screen"

describe("completion", function()
  local globals
  before_each(function()
    globals = {
      print = print, string = string, apple = 1, apricot = { pit = {}, _hidden = 1, flesh = print },
      ["not a name"] = 1, _private = 1,
      object = setmetatable({ own = 1 }, { __index = { method = print, word = "x" } }),
      trap = setmetatable({}, { __index = function() error "it was asked" end }),
    }
    globals._G = globals
  end)

  local function at(before)
    local text, list = complete.at(before, globals)
    return text, table.concat(list, " ")
  end

  it("finds globals, fields and methods", function()
    assert.same({ "ing", "string" }, { at "str" })
    assert.same({ "", "apple apricot" }, { at "print(ap" })
    assert.same({ "it", "pit" }, { at "x = apricot.p" })
    assert.same({ "", "flesh pit" }, { at "apricot." })
    assert.same({ "idden", "_hidden" }, { at "apricot._h" })
    assert.same({ "hod", "method" }, { at "object:met" })
    assert.same({ "", "method own word" }, { at "object." })
    assert.same({ "method", "method" }, { at "object:" })
    assert.same({ "", "rep reverse" }, { at "string.re" })
    assert.same({ "int", "print" }, { at "apple..pr" })
    assert.same({ "", "find format" }, { at "_G.string.f" })
  end)

  it("finds words of the language", function()
    assert.same({ "eak", "break" }, { at "if x then br" })
    assert.same({ "", "elseif" }, { at "elseif" })
  end)

  it("of what it cannot know is nothing, and runs nothing of the user's", function()
    for _, text in ipairs { "nothing.x", "f().x", "a[1].s", "...", "('x'):re", "1 + 2.",
      "apricot.pit.nothing", "trap.x", "trap.x.y", "apple.x", "a:b:c", "a:b.c" } do
      assert.same({ "", "" }, { at(text) })
    end
  end)

  it("knows the names of a task and of a job", function()
    local client = helper.script()
    local job = client:imagine "cat"
    globals.task = assert(job:await())
    globals.job, globals.client = job, client
    assert.same({ "ons", "buttons" }, { at "task.butt" })
    assert.same({ "k", "click" }, { at "task:clic" })
    assert.same({ "it", "await" }, { at "job:awa" })
    assert.same({ "ine", "imagine" }, { at "client:imag" })
    helper.after_each()
  end)

  it("lists in columns that fit", function()
    assert.equal("a    c\nbbb\n", complete.columns({ "a", "bbb", "c" }, 11))
    assert.equal("a\nbbb\nc\n", complete.columns({ "a", "bbb", "c" }, 3))
  end)
end)

describe("the history", function()
  local folder, path
  before_each(function()
    folder = helper.folder()
    path = folder .. "/history"
    env.set("MJ_API_KEY", "key-of-the-environment")
  end)
  after_each(function()
    env.set("MJ_API_KEY", nil)
    helper.remove(folder)
  end)

  local function write(name, text, append)
    local file = assert(io.open(name, append and "ab" or "wb"))
    file:write(text)
    file:close()
    return true
  end

  local function load()
    local list = {}
    history.load(path, function(text)
      list[#list + 1] = text
    end)
    return list
  end

  it("keeps lines, longer statements too, behind those that are there", function()
    assert(history.save(path, { "a = 1", "for i = 1, 2 do\n  print('\\n')\nend" }, write))
    assert(history.save(path, { "b" }, write))
    assert.same({ "a = 1", "for i = 1, 2 do\n  print('\\n')\nend", "b" }, load())
  end)

  it("has no key in it", function()
    history.secret "a-key-that-a-client-had"
    assert(history.save(path, {
      "x = 'key-of-the-environment'", "k = [[a-key-that-a-client-had]]",
      "c = mj.client { api_key = 'short' }", "c = mj.client { api_key='x' }",
      "k = 'sk-0123456789'", "h = 'Authorization: Bearer abc'", "os.getenv 'MJ_API_KEY'",
      "headers = { ['mj-api-secret'] = k }", "print(1)",
    }, write))
    assert.same({ "headers = { ['mj-api-secret'] = k }", "print(1)" }, load())
  end)

  it("does not grow without end", function()
    local lines = {}
    for i = 1, 2 * history.LINES do
      lines[i] = "line " .. i
    end
    assert(history.save(path, lines, write))
    assert.equal(2 * history.LINES, #load())
    assert(history.save(path, { "last" }, write))
    local kept = load()
    assert.equal(history.LINES, #kept)
    assert.same({ "line 1002", "last" }, { kept[1], kept[#kept] })
  end)

  it("is nothing where there is no file, and takes no line that is too long", function()
    assert.same({}, load())
    assert(history.save(path, { ("x"):rep(5000) }, write))
    assert.same({}, load())
  end)
end)

-- Screens -----------------------------------------------------------------------

-- Ids and ports are others each time, and as wide.
local function still(lines)
  for i, line in ipairs(lines) do
    lines[i] = line:gsub("%d%d%d%d%d%d%d%d+", function(id)
      return ("#"):rep(#id)
    end):gsub("127%.0%.0%.1:%d%d%d%d%d", "127.0.0.1:#####")
      :gsub("^mjlua %d+%.%d+%.%d+", "mjlua X.Y.Z")
  end
  return lines
end

local ENTER = { key = "Enter" }

local function play(name, opts)
  opts.argv = opts.argv or { run.mjlua, "--sim=clock=10" }
  local lines, status = screen.run(opts)
  screen.golden(name, still(lines))
  return status, lines
end

local PROMPT = { last = ">" }

local function edited(columns)
  return {
    columns = columns, rows = 50,
    keys = {
      PROMPT, "1 + 1", ENTER, { wait = "\n2\n" }, PROMPT,
      "{ 'a', 2, x = { y = 1 }, long = ('word '):rep(12) }", ENTER, { wait = "x = { y" }, PROMPT,
      "mj.ima", { key = "Tab" }, " 'black cat'", ENTER, { wait = "(queued" }, PROMPT,
      -- the job ends while this is typed
      "for i = 1, 2 do", ENTER, { wait = ">>" }, "print(i, 'a text that needs more than a row')",
      { wait = "SUCCESS" }, { wait = "row')" }, ENTER, { last = ">>" }, "end", ENTER,
      { wait = "\n2 " }, PROMPT,
      "string.f", { key = "Tab" }, { wait = "format" }, { wait = "string.f", count = 2 }, "o",
      { wait = "string.fo" }, { key = "C-c" }, { wait = "^C" }, PROMPT,
      "error 'x'", ENTER, { wait = "in ?" }, PROMPT,
      { key = "Up" }, { key = "Home" }, "-- ", ENTER, { wait = "-- error" }, PROMPT,
      "await(mj.imagine 'ein Bär, 熊')", ENTER, { wait = "buttons" }, PROMPT,
      "mj.client { base_url = 'http://127.0.0.1:1' }", ENTER, { wait = "client http" }, PROMPT,
      "print 'go' while true do end", ENTER, { wait = "\ngo\n" }, { key = "C-c" },
      { wait = "interrupted!" }, PROMPT,
      "mj.imagine 'owl':id() ~= nil", ENTER, { wait = "true" }, PROMPT,
      { key = "C-d" }, { wait = "still runs" }, PROMPT, { key = "C-d" },
    },
  }
end

describe("the prompt", function()
  for _, columns in ipairs { 40, 80, 200 } do
    it(("on a terminal of %d columns"):format(columns), function()
      assert.equal(0, (play("prompt-" .. columns, edited(columns))))
    end)
  end

  it("on a terminal that can do nothing", function()
    assert.equal(0, (play("prompt-dumb", {
      term = "dumb", rows = 50,
      keys = {
        PROMPT, "1 + 1", ENTER, { wait = "\n2\n" }, PROMPT,
        "mj.imagine 'black cat'", ENTER, { wait = "(queued" }, { wait = "SUCCESS" }, PROMPT,
        "for i = 1, 2 do", ENTER, { last = ">>" }, "print(i) end", ENTER, { wait = "\n1\n2\n" },
        PROMPT, "error 'x'", ENTER, { wait = "in ?" }, PROMPT,
        "not a line", { wait = "not a line" }, { key = "C-c" }, { wait = "^C" }, PROMPT,
        { key = "C-d" },
      },
    })))
  end)

  it("without a terminal", function()
    assert.equal(0, (play("prompt-none", {
      term = "none", argv = { run.mjlua, "-i", "--sim=clock=200" },
      keys = { "1 + 1", ENTER, "mj = require 'mj'", ENTER, "job = mj.imagine 'cat'", ENTER,
        "job:await().status", ENTER, "job:done(), { 1 } ~= nil", ENTER },
    })))
  end)

  it("without libedit", function()
    local folder = helper.folder()
    os.execute(("cp %s %s/mjlua"):format(run.quote(run.mjlua), folder))
    local lines, status = screen.run {
      argv = { folder .. "/mjlua" }, columns = 60,
      keys = { PROMPT, "mj.spawn(function() mj.sleep(0.2) print 'slept' end)",
        ENTER, { wait = "slept" }, PROMPT, "1 + 1", ENTER, { wait = "\n2\n" }, { key = "C-d" } },
    }
    assert.equal(0, status)
    assert.truthy(table.concat(lines, "\n"):find "\n> 1 %+ 1\n2\n>", table.concat(lines, "\n"))
    helper.remove(folder)
  end)

  it("remembers what was typed in the session before, in a file of the user's", function()
    local folder = helper.folder()
    local function session(keys)
      return screen.run {
        argv = { run.mjlua }, columns = 60, env = { XDG_STATE_HOME = folder }, keys = keys,
      }
    end
    session { PROMPT, "x = 'sk-0123456789'", ENTER, { wait = "789'\n>" }, "y = 40 + 2", ENTER,
      { wait = "+ 2\n>" }, PROMPT, { key = "C-d" } }
    local lines = session { PROMPT, { key = "Up" }, { wait = "y = 40 + 2" },
      ENTER, { wait = "+ 2\n>" }, "y", ENTER, { wait = "\n42" }, PROMPT,
      { key = "C-d" } }
    assert.truthy(table.concat(lines, "\n"):find("> y\n42", 1, true), table.concat(lines, "\n"))
    assert.equal("y = 40 + 2\ny = 40 + 2\ny\n", helper.slurp(folder .. "/mj/history"))
    local _, mode = run.shell(("cd %s; stat -c %%a mj/history mj"):format(folder))
    assert.equal("600\n700\n", mode)
    helper.remove(folder)
  end)

  it("follows the width of the terminal", function()
    local lines = screen.run {
      argv = { run.mjlua }, columns = 80, rows = 20,
      keys = { PROMPT, "x = 'some text that is longer than thirty columns'",
        { columns = 30 }, " -- x", { wait = "-- x" }, ENTER, PROMPT, "#x", ENTER,
        { wait = "\n44\n" }, PROMPT, { key = "C-d" } },
    }
    local text = table.concat(lines, "\n")
    assert.truthy(text:find("\n> #x\n44\n", 1, true), text)
  end)

  it("has no display on its line", function()
    local lines = screen.run {
      argv = { run.mjlua, "--sim=clock=10" },
      keys = { PROMPT, "p = mj.progress()", ENTER, PROMPT, "j = mj.imagine 'cat'", ENTER, PROMPT,
        "mj.sleep(0.3)", ENTER, PROMPT, "1 + 1", ENTER, { wait = "\n2\n" }, PROMPT,
        "os.exit(3)", ENTER },
    }
    local text = table.concat(lines, "\n")
    assert.truthy(text:find("\n> 1 + 1\n2\n", 1, true), text)
    assert.is_nil(text:find("[^\n]> [pjm1o]"), text)
  end)

  it("goes on after it was stopped, and after a wait was interrupted", function()
    local lines = screen.run {
      argv = { run.mjlua, "--sim=clock=10" }, rows = 30,
      keys = { PROMPT, "abc", { wait = "abc" }, { signal = "STOP" },
        { signal = "CONT" }, { wait = "> abc", count = 2 }, { key = "C-u" }, PROMPT,
        "print 'go' await(mj.imagine 'cat')", ENTER, { wait = "\ngo\n" },
        { key = "C-c" }, { wait = "interrupted!" }, PROMPT, "1 + 1", { wait = "SUCCESS" }, ENTER,
        { wait = "\n2\n" }, PROMPT, "x = print 'ask' or io.read()", ENTER, { wait = "\nask" },
        "its line", ENTER, PROMPT,
        "#x", ENTER, { wait = "\n8\n" }, PROMPT, "os.exit(3)", ENTER },
    }
    local text = table.concat(lines, "\n")
    assert.truthy(text:find '%^Cinterrupted!\n%[job imagine %d+: SUCCESS "cat"%]\n> 1 %+ 1\n2\n>',
      text)
  end)

  it("keeps the history when os.exit ends it", function()
    local folder = helper.folder()
    local _, status = screen.run {
      argv = { run.mjlua }, env = { XDG_STATE_HOME = folder },
      keys = { PROMPT, "os.exit(3)", ENTER },
    }
    assert.equal(3, status)
    assert.equal("os.exit(3)\n", helper.slurp(folder .. "/mj/history"))
    helper.remove(folder)
  end)

  it("ends in order when the terminal's program is stopped", function()
    local lines, status = screen.run {
      argv = { run.mjlua },
      keys = { PROMPT, "abc", { wait = "abc" }, { signal = "TERM" } },
    }
    assert.equal(143, status)
    assert.truthy(lines[#lines]:find "interrupted", lines[#lines])
  end)
end)
