-- SPDX-License-Identifier: MIT
-- The commands of the gateways' integration guides, run with the curl program
-- against the simulator, answer as the guides say.

local cjson = require "cjson"
local run = require "spec.support.run"

describe("the guides' curl commands", function()
  local out
  before_each(function()
    out = run.folder()
  end)
  after_each(function()
    run.remove(out)
  end)

  -- What each command prints: body, a line with the status.
  local function curl(settings, commands)
    local status, text, err = run.with_gateway(out, settings,
      "curl() { command curl -s -w '\\n<<%{http_code}>>\\n' \"$@\"; }\n" .. commands)
    assert.equal(0, status, err)
    local replies = {}
    for body, code in text:gmatch "(.-)\n<<(%d%d%d)>>\n" do
      replies[#replies + 1] = { body = body, status = tonumber(code) }
    end
    return replies
  end

  local function accepted(reply)
    assert.equal(200, reply.status)
    local body = cjson.decode(reply.body)
    assert.equal(1, body.code)
    assert.equal("string", type(body.description))
    assert.matches("^%d+$", body.result)
    return body.result
  end

  it("submit, query, press a button", function()
    local replies = curl("clock=100", [[
      curl --request POST \
        --url "$MJ_BASE_URL/mj/submit/imagine" \
        --header "Authorization: Bearer $MJ_API_KEY" \
        --header 'Content-Type: application/json' \
        --data '{
          "base64Array": [],
          "prompt": "black cat, cinematic lighting"
        }'
      curl --request GET \
        --url "$MJ_BASE_URL/mj/task/1320098173412546/fetch" \
        --header "Authorization: Bearer $MJ_API_KEY"
      curl --request POST \
        --url "$MJ_BASE_URL/mj/submit/action" \
        --header "Authorization: Bearer $MJ_API_KEY" \
        --header 'Content-Type: application/json' \
        --data '{
          "taskId": "1320098173412546",
          "customId": "MJ::JOB::upsample::1::example"
        }']])
    assert.equal(3, #replies)
    accepted(replies[1])
    local task = cjson.decode(replies[2].body)
    assert.same({ "1320098173412546", "SUCCESS", "100%" }, { task.id, task.status, task.progress })
    assert.equal(9, #task.buttons)
    accepted(replies[3])
  end)

  for _, prefix in ipairs { "/fast", "/mj-fast", "/relax", "/mj-relax", "" } do
    it(("submit and query under '%s/mj'"):format(prefix), function()
      local replies = curl("clock=100", ([[
        curl --request POST \
          --url $MJ_BASE_URL%s/mj/submit/imagine \
          --header "Authorization: Bearer $MJ_API_KEY" \
          -H "Content-Type: application/json" \
          --data '{
            "base64Array": [],
            "prompt": "black cat"
          }'
        curl --request GET \
          --url $MJ_BASE_URL%s/mj/task/1320098173412546/fetch \
          --header "Authorization: Bearer $MJ_API_KEY" \
          -H "Content-Type: application/json"]]):format(prefix, prefix))
      assert.equal(2, #replies)
      accepted(replies[1])
      assert.equal("cat --v 6.1", cjson.decode(replies[2].body).prompt)
    end)
  end

  it("the button of the other guide, with its own task", function()
    local replies = curl("clock=100", [[
      curl --url "$MJ_BASE_URL/mj/submit/action" -H "Authorization: Bearer $MJ_API_KEY" \
        -H "Content-Type: application/json" \
        --data '{
          "customId": "MJ::JOB::upsample::2::3dbbd469-36af-4a0f-8f02-df6c579e7011",
          "taskId": "14001934816969359"
        }']])
    accepted(replies[1])
  end)

  -- The command as it stands there, but for the backslashes that its lines lack.
  it("the provider's notes, with a small post", function()
    local replies = curl("clock=100", [[
      curl --request post \
      --url $MJ_BASE_URL/fast/mj/submit/imagine \
      --header "Authorization: Bearer $MJ_API_KEY" \
      -H "Content-Type: application/json" \
      --data '{
      "base64Array": [],
      "prompt": "black cat"
      }'
      curl --request GET \
      --url $MJ_BASE_URL/fast/mj/task/1320098173412546/fetch \
      --header "Authorization: Bearer $MJ_API_KEY" \
      -H "Content-Type: application/json"]])
    assert.equal(2, #replies)
    accepted(replies[1])
    local task = cjson.decode(replies[2].body)
    assert.same({ "IMAGINE", "SUCCESS", "Submit success" },
      { task.action, task.status, task.description })
  end)

  -- "xxx" is a placeholder, no base64; and the task of the last one waits for
  -- no input.
  local bodies = {
    { "imagine", "imagine_number_for_an_id", 1 }, { "blend", "blend_square", 1 },
    { "describe", "describe_data_uri", 4, "base64格式错误" }, { "shorten", "shorten_prompt", 1 },
    { "action", "click_provider_example", 1 }, { "modal", "modal_neither", 4, "关联任务状态错误" },
  }
  it("the bodies of the provider's notes", function()
    local commands = {}
    for i, case in ipairs(bodies) do
      commands[i] = ([[
        curl --url "$MJ_BASE_URL/mj/submit/%s" -H "Authorization: Bearer $MJ_API_KEY" \
          -H "Content-Type: application/json" --data @spec/wire/mj/%s/sample.json]]):format(
        case[1], case[2])
    end
    local replies = curl("clock=100", table.concat(commands, "\n"))
    assert.equal(#bodies, #replies)
    for i, case in ipairs(bodies) do
      if case[3] == 1 then
        accepted(replies[i])
      else
        local body = cjson.decode(replies[i].body)
        assert.same({ case[1], case[3], case[4] }, { case[1], body.code, body.description })
      end
    end
  end)

  it("401 without the key", function()
    local replies = curl("clock=100,key=sk-mine", [[
      json="Content-Type: application/json"
      curl --url "$MJ_BASE_URL/mj/submit/imagine" -H "$json" --data '{"prompt":"black cat"}'
      curl --url "$MJ_BASE_URL/mj/submit/imagine" -H "$json" -H 'Authorization: Bearer sk-other' \
        --data '{"prompt":"black cat"}'
      curl --url "$MJ_BASE_URL/mj/submit/imagine" -H "$json" -H 'Authorization: Bearer sk-mine' \
        --data '{"prompt":"black cat"}']])
    assert.equal(401, replies[1].status)
    assert.equal("new_api_error", cjson.decode(replies[1].body).error.type)
    assert.equal(401, replies[2].status)
    accepted(replies[3])
    replies = curl("profile=novicezk,key=sk-mine", [[
      curl --url "$MJ_BASE_URL/mj/submit/imagine" --data '{"prompt":"black cat"}']])
    assert.same({ body = "", status = 401 }, replies[1])
  end)
end)
