-- SPDX-License-Identifier: MIT
-- Values as the prompt shows them.

local helper = require "spec.helper"
local show = require "mj.show"

describe("show", function()
  local function check(expected, value, width)
    assert.equal(expected, show.value(value, width or 80))
  end

  describe("plain values", function()
    it("as tostring has them", function()
      check("nil", nil)
      check("true", true)
      check("12", 12)
      check("a text", "a text")
      check(tostring(print), print)
    end)

    it("without what a terminal obeys", function()
      check("a?[31mb?c?", "a\27[31mb\0c\127")
      check("tab\tand\nline stay", "tab\tand\nline stay")
      check("? ? ?", "\194\155 \226\128\174 \226\129\166") -- CSI of 8 bits, right to left
      check("Bär 熊 🔄", "Bär 熊 🔄")
      check("a?b?", "a\255b\195")
      check("?", "\240\159")
      check("?x", "\195x")
    end)

    it("several in a row", function()
      assert.equal("1\tnil\ta", show.values(80, 1, nil, "a"))
      assert.equal("{\n  \"" .. ("x"):rep(14) .. "…\",\n}\n2",
        show.values(20, { ("x"):rep(30) }, 2))
    end)
  end)

  describe("tables", function()
    it("sorted, in a line if it fits", function()
      check("{}", {})
      check('{ 1, "a", [10] = true, b = 2, c = {}, ["d e"] = 3, ["end"] = 4, [false] = 5 }',
        { 1, "a", [10] = true, c = {}, b = 2, ["d e"] = 3, ["end"] = 4, [false] = 5 }, 90)
    end)

    it("one below the other if not", function()
      check('{\n  1,\n  alpha = "beta",\n  gamma = { 1, 2 },\n}',
        { 1, alpha = "beta", gamma = { 1, 2 } }, 30)
    end)

    it("to a depth", function()
      check("{ a = { b = { … } } }", { a = { b = { c = 1 } } })
    end)

    it("that contain themselves", function()
      local t = { 1 }
      t.me = t
      t.other = { back = t }
      check("{ 1, me = { … itself }, other = { back = { … itself } } }", t)
    end)

    it("with long texts, cut to the width", function()
      local text = show.value({ ("word "):rep(100), name = ("熊"):rep(100) }, 40)
      for line in text:gmatch "[^\n]+" do
        assert.truthy(show.columns(line) <= 40, line)
      end
      assert.truthy(text:find("…", 1, true))
    end)

    it("with many entries", function()
      local t = {}
      for i = 1, 10000 do
        t[i] = i
      end
      assert.truthy(show.value(t, 80):find("… 9960 more\n}", 1, true))
      t = {}
      for i = 1, 10000 do
        t["key" .. i] = i
      end
      local begun = os.clock()
      assert.truthy(show.value(t, 80):find("… 9960 more\n}", 1, true))
      assert.truthy(os.clock() - begun < 1)
    end)

    it("that know their own text, and run nothing else", function()
      check("I", setmetatable({}, { __tostring = function() return "I" end }))
      check("{ I?n }", { setmetatable({}, { __tostring = function() return "I\27n" end }) })
      check("{ a = 1 }", setmetatable({ a = 1 }, {
        __index = function() error "asked" end, __pairs = function() error "asked" end,
        __len = function() error "asked" end,
      }))
      check("{}", setmetatable({}, { __metatable = "hidden" }))
    end)

    it("escape what is in their texts", function()
      check('{ "a\\nb\\t\\"\\\\?" }', { "a\nb\t\"\\\27" })
    end)
  end)

  describe("things of mj", function()
    after_each(helper.after_each)

    it("a task with what one wants to know", function()
      local client = helper.script(helper.gateway {
        { match = "/fetch", body = helper.task { prompt = "cat\27[2J\nand dog" } },
      })
      local task = assert(client:imagine "cat":await())
      local lines = {}
      for line in (show.value(task, 60) .. "\n"):gmatch "(.-)\n" do
        lines[#lines + 1] = line
      end
      assert.equal("task 10001 IMAGINE SUCCESS", lines[1])
      assert.equal("  prompt   cat?[2J and dog", lines[2])
      assert.truthy(lines[3]:find "^  image    http://gateway.test/mj/image/")
      assert.equal("  buttons  U1 U2 U3 U4 V1 V2 V3 V4 🔄", lines[4])
      assert.equal("{ task 10001 IMAGINE SUCCESS }", show.value({ task }, 60))
    end)

    it("an error with its code", function()
      local client = helper.script {
        { match = "POST", http = 403, body = '{"code":24,"description":"banned \\u001b[1m word"}',
          ["repeat"] = true },
      }
      local _, err = client:imagine "cat":await()
      local text = show.value(err, 80)
      assert.truthy(text:find "^banned_prompt: ", text)
      assert.falsy(text:find("\27", 1, true))
      assert.truthy(text:find("\n  status   403", 1, true), text)
      assert.truthy(show.value({ err }, 80):find "^{ banned_prompt: ")
    end)

    it("a job that failed with what it failed of", function()
      local client = helper.script()
      local task = assert(client:imagine "cat":await())
      local job = task:click "U9"
      job:await()
      check("job click failed: no_button: no button U9; there are: U1, U2, U3, U4, V1, V2, V3, V4, "
        .. "reroll", job, 40)
    end)

    it("a job with its state, a client without its key", function()
      local client = helper.script(nil, { api_key = "sk-CANARY-0123456789abcdef" })
      local job = client:imagine "cat"
      check("job imagine (queued)", job)
      check("client http://gateway.test", client)
      local task = job:await()
      assert.truthy(show.ended(job, task, nil, 80):find('^job imagine %w+: SUCCESS "black cat"$'),
        show.ended(job, task, nil, 80))
      assert.falsy(show.value(client, 80):find("cdef", 1, true))
      assert.truthy(show.columns(show.ended(job, task, nil, 20)) <= 20)
    end)
  end)
end)
