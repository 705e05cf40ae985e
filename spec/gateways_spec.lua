-- SPDX-License-Identifier: MIT
-- doc/gateways.md holds what the tables of spec/support/matrix.lua bring, cell by
-- cell, with real requests to a real simulator.  MJ_WRITE_DOCS=1 writes it anew.

local matrix = require "spec.support.matrix"
local run = require "spec.support.run"

local PATH = "doc/gateways.md"
local END = "<!-- end -->\n"

local function split(text, mark)
  local from, to = text:find(mark, 1, true)
  local stop = from and text:find(END, to, true)
  assert(from and stop, PATH .. " has no place for the table")
  return text:sub(1, to), text:sub(to + 1, stop - 1), text:sub(stop)
end

local function compare(made, mark)
  local head, table_there, tail = split(run.slurp(PATH), mark)
  if os.getenv "MJ_WRITE_DOCS" then
    run.spit(PATH, head .. made .. tail)
    table_there = made
  end
  for line in made:gmatch "[^\n]+" do
    assert.truthy(table_there:find(line, 1, true), "not in " .. PATH .. ": " .. line)
  end
  assert.equal(#made, #table_there)
end

describe("the gateways", function()
  local made, columns = matrix.markdown()
  local generate, cells = matrix.generate_markdown()

  it("do what doc/gateways.md says", function()
    compare(made, "<!-- table -->\n")
  end)

  it("do so in the generate family, too", function()
    compare(generate, "<!-- generate -->\n")
  end)

  it("all do the common work", function()
    local common = {
      imagine = true, ["upscale:1"] = true, ["vary:2"] = true, reroll = true,
      ["change by its id"] = true, simple_change = true, ["task by its id"] = true,
      ["save the picture"] = true,
    }
    local n = 0
    for i, row in ipairs(matrix.rows) do
      for k, profile in ipairs(matrix.profiles) do
        if common[row[1]] then
          assert.equal("yes", columns[k][i], profile .. ": " .. row[1])
          n = n + 1
        end
      end
    end
    assert.equal(8 * #matrix.profiles, n)
  end)

  it("say no with a code of the closed list", function()
    local codes = { yes = true }
    for _, code in ipairs(require("mj").error_codes) do
      codes[code] = true
    end
    for k, profile in ipairs(matrix.profiles) do
      for i, cell in ipairs(columns[k]) do
        assert.truthy(codes[cell], ("%s: %s: %s"):format(profile, matrix.rows[i][1], cell))
      end
    end
    for i, cell in ipairs(cells) do
      assert.truthy(codes[cell], ("%s: %s"):format(matrix.generate_rows[i][1], cell))
    end
  end)
end)
