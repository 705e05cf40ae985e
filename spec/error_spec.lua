-- SPDX-License-Identifier: MIT
-- Errors of the world: their codes, their fields, and what is not in them.

local core = require "mj.core"
local err = require "mj.err"
local helper = require "helper"
local mj = require "mj"

local KEY = "sk-CANARY0123456789"

-- What a submit's answer leads to.
local submits = {
  { code = "auth", http = 401, body = "" },
  { code = "auth", http = 401,
    body = '{"error":{"message":"无效的令牌","type":"new_api_error","param":"","code":""}}' },
  { code = "banned_prompt", remote = 24,
    body = '{"code":24,"description":"可能包含敏感词","result":null,'
      .. '"properties":{"promptEn":"nude","bannedWord":"nude"}}' },
  { code = "not_found", remote = 3,
    body = '{"code":3,"description":"关联任务不存在或已失效","result":null,"properties":{}}' },
  { code = "invalid", remote = 4,
    body = '{"code":4,"description":"prompt不能为空","result":null,"properties":{}}' },
}

describe("error", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  it("has a closed list of codes", function()
    local wanted = {
      "auth", "rate_limited", "queue_full", "banned_prompt", "invalid", "unsupported", "not_found",
      "no_button", "needs_input", "network", "timeout", "unknown_outcome", "protocol", "failed",
      "cancelled", "expired", "too_large", "blocked_address", "remote_lost", "duplicate", "budget",
      "journal", "resource", "closed",
    }
    local got = { unpack = nil }
    for i, code in ipairs(mj.error_codes) do
      got[i] = code
    end
    table.sort(wanted)
    table.sort(got)
    assert.same(wanted, got)
    assert.has_error(function()
      err.new("no such code", "x")
    end)
  end)

  for i, case in ipairs(submits) do
    it(("of a submit, %d: %s"):format(i, case.code), function()
      local client, world = helper.script({
        { match = "POST", http = case.http, body = case.body, ["repeat"] = true },
      }, { api_key = KEY })
      local task, e = client:imagine("cat"):await()
      assert.is_nil(task)
      assert.equal(case.code, e.code)
      assert.equal(case.http or nil, case.http and e.http_status)
      assert.equal(case.remote, e.remote_code)
      assert.equal("boolean", type(e.retryable))
      assert.is_true(#e.message > 0)
      assert.equal(e.code .. ": " .. e.message, tostring(e))
      assert.is_nil(tostring(e):find("CANARY", 1, true))
      assert.equal(1, world:counts().paid)
    end)
  end

  it("means what the client's own rules say", function()
    local busy = '<html>upstream busy</html>'
    local opts = {
      on_busy = "fail",
      outcomes = {
        { http = { 500, 502 }, text = "upstream busy", means = "refused", error = "queue_full",
          retryable = true },
        { code = 4, text = "flagged", means = "refused", error = "banned_prompt" },
      },
    }
    for _, case in ipairs {
      { http = 500, body = busy, code = "queue_full", retryable = true },
      { http = 503, body = busy, code = "unknown_outcome", retryable = false },
      { http = 200, body = '{"code":4,"description":"flagged"}', code = "banned_prompt",
        retryable = false },
      { http = 200, body = '{"code":4,"description":"other"}', code = "unknown_outcome",
        retryable = false },
    } do
      local client, world = helper.script({
        { match = "POST", http = case.http, body = case.body, ["repeat"] = true },
      }, opts)
      local _, e = client:imagine("cat"):await()
      assert.equal(case.code, e.code)
      assert.equal(case.retryable, e.retryable)
      assert.equal(1, world:counts().paid)
    end
    -- "not sent" goes again by itself
    local client, world = helper.script({
      { match = "POST", http = 500, body = busy },
      { match = "POST", body = '{"code":1,"description":"ok","result":"7"}' },
    }, { outcomes = { { text = "busy", means = "not_sent" } } })
    assert.equal("7", client:imagine("cat"):id())
    assert.equal(2, world:counts().paid)
    client:close()
  end)

  it("names the rule that is wrong", function()
    for message, rule in pairs {
      ["outcomes%[1%]: unknown option 'status'"] = { status = 500, means = "refused" },
      ["outcomes%[1%]: field 'text': string expected, got number"] = { text = 1 },
      ["outcomes: rule 1: means: refused, not_sent or unknown"] = { text = "x", means = "paid" },
      ["outcomes: rule 1: http, code or text is needed"] = { means = "refused" },
      ["field 'http': a whole number expected"] = { http = 1.5, means = "refused" },
    } do
      local ok, e = pcall(helper.script, {}, { outcomes = { rule } })
      assert.is_false(ok)
      assert.truthy(tostring(e):find(message), tostring(e))
    end
  end)

  it("says how long to stay away", function()
    local client = helper.script {
      { match = "POST", http = 429, body = "", retry_after = 7000, ["repeat"] = true },
    }
    local _, e = client:imagine("cat"):await()
    assert.equal("rate_limited", e.code)
    assert.is_true(e.retryable)
    assert.equal(7000, e.retry_after)
    assert.equal(429, e.http_status)
  end)

  it("is a network error where nothing was reached", function()
    local client = helper.script { { match = "POST", rc = 7, sent = 0, ["repeat"] = true } }
    local _, e = client:imagine("cat"):await()
    assert.equal("network", e.code)
    assert.is_true(e.retryable)
  end)

  it("shows neither key nor control characters, whatever the gateway says", function()
    local client = helper.script({
      { match = "POST", ["repeat"] = true,
        body = '{"code":4,"result":"","description":"prompt不能为空 \\u001b[31mred\\u0007 '
          .. KEY .. '"}' },
    }, { api_key = KEY })
    local _, e = client:imagine("cat"):await()
    assert.equal("invalid", e.code)
    assert.matches("red", e.message)
    assert.is_nil(e.message:find "%c")
    assert.is_nil(e.message:find("CANARY", 1, true))
    assert.is_nil(tostring(client):find("CANARY", 1, true))
    assert.matches("key sk%-…6789", tostring(client))
  end)

  it("says nothing of short keys", function()
    local client = helper.script(nil, { api_key = "short" })
    assert.is_nil(tostring(client):find("short", 1, true))
    client = helper.script(nil, { api_key = false })
    assert.matches("no key", tostring(client))
  end)

  it("can be told from other tables", function()
    assert.is_true(mj.is_error(err.new("auth", "x")))
    assert.is_false(mj.is_error { code = "auth" })
    assert.is_false(mj.is_error "auth")
    assert.equal(core.error_mt, getmetatable(err.new("auth", "x")))
    assert.equal("mj.error", core.error_mt.__name)
  end)
end)
