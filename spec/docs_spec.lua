-- SPDX-License-Identifier: MIT
-- Whatever has a name in public is in doc/reference.md, and the other way round.

local client = require "mj.client"
local core = require "mj.core"
local helper = require "helper"
local mj = require "mj"
local prompt = require "mj.prompt"

local text = helper.slurp "doc/reference.md"

-- The words inside code spans.
local words = {}
for span in text:gmatch "`([^`\n]+)`" do
  for word in span:gmatch "[%w_]+" do
    words[word] = true
  end
end

-- The text between two headings.
local function section(from, to)
  local a, b = text:find("\n##" .. from, 1, true), text:find("\n##" .. to, 1, true)
  return text:sub(a, b)
end

local function check(names, what)
  for name in pairs(names) do
    assert.is_true(words[name] or false, ("%s '%s' is not in the reference"):format(what, name))
  end
end

local function set(list)
  local names = {}
  for _, name in ipairs(list) do
    names[name] = true
  end
  return names
end

-- Public methods of an object.
local function methods(object)
  local names = {}
  for name in pairs(getmetatable(object).__index) do
    if not name:find "^_" then
      names[name] = true
    end
  end
  return names
end

describe("the reference", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  it("names every function of the module", function()
    for name in pairs(mj) do
      assert.is_truthy(text:find("mj." .. name, 1, true), "mj." .. name)
    end
    for name in text:gmatch "%f[%w]mj%.([%a_]+)" do
      if name ~= "h" and not text:find('require "mj.' .. name, 1, true) then
        assert.is_not_nil(mj[name], ("the reference has mj.%s, the module has not"):format(name))
      end
    end
  end)

  it("names every option of a client", function()
    check(client.schema, "option")
    local known = set(prompt.names)
    for name in pairs(client.schema) do
      known[name] = true
    end
    local rows = 0
    local tables = section(" Client", "# Verbs") .. section("# Parameters", " Job")
    for row in tables:gmatch "\n| (`[^|]+) |" do
      for name in row:gmatch "`([%w_]+)`" do
        rows = rows + 1
        assert.is_true(known[name] or false, name .. " is in the reference only")
      end
    end
    assert.is_true(rows > 30)
  end)

  it("names every parameter, code, method and field", function()
    check(set(prompt.names), "parameter")
    check(set(mj.error_codes), "code")
    local c = helper.script()
    local job = c:imagine "cat"
    check(methods(c), "method of clients")
    check(methods(job), "method of jobs")
    local task = assert(job:await())
    for _, name in ipairs { "click", "can", "refresh", "save", "bytes" } do
      assert.is_function(task[name])
      assert.is_truthy(text:find("task:" .. name, 1, true), name)
    end
    for name in pairs(getmetatable(mj.spawn(function() end)).__index) do
      assert.is_truthy(text:find("handle:" .. name, 1, true), name)
    end
    mj.step(0)
    for _, name in ipairs {
      "id", "action", "status", "progress", "prompt", "prompt_en", "final_prompt", "description",
      "fail_reason", "state", "image_url", "images", "video_url", "buttons", "submitted_at",
      "started_at", "finished_at", "expires_at", "raw", "json",
    } do
      assert.is_true(words[name] or false, name)
    end
  end)

  it("names every verb with all of its options", function()
    local verbs = require "mj.verbs"
    local there = section("# Verbs", "# Masks")
    assert.is_truthy(#verbs.names() > 10)
    for _, name in ipairs(verbs.names()) do
      local line = there:match("\n| `" .. name .. "` | [^\n]+")
      assert.is_string(line, name)
      for field, kind in pairs(verbs.rows[name].fields) do
        if kind ~= require("mj.option").LATER then
          assert.truthy(line:find("`" .. field .. "`", 1, true), name .. ": " .. field)
        end
      end
    end
    for name, kind in pairs(verbs.common) do
      if kind ~= require("mj.option").LATER then
        assert.truthy(there:find("`" .. name .. "`", 1, true), name)
      end
    end
  end)

  it("names every code once, with its meaning", function()
    local errors, n = section(" Errors", " Waiting"), 0
    for _, code in ipairs(mj.error_codes) do
      local _, rows = errors:gsub("\n| `" .. code .. "` | %w", "")
      assert.equal(1, rows, code)
      n = n + 1
    end
    assert.equal(24, n)
  end)

  it("names all of the binding", function()
    check(core, "core's")
    local box = core.client {}
    check(getmetatable(box).__index, "method of boxes")
    box:close()
  end)

  it("shows a program that runs", function()
    local code = assert(text:match "```lua\n(.-)```")
    local folder = helper.folder()
    code = code:gsub('mj%.client %b{}[^\n]*', "...", 1)
      :gsub('"cat%.png"', ("%q"):format(folder .. "/cat.png"))
      :gsub("print", "return")
    local c = helper.script()
    local chunk = assert((loadstring or load)(code)) -- luacheck: ignore 143
    assert.equal(folder .. "/cat.png", tostring(chunk(c)))
    helper.remove(folder)
  end)
end)
