-- SPDX-License-Identifier: MIT
-- doc/seeds.md names fixtures, tests and pages that exist, and what mj sends and
-- reads is what the documents behind it show.

local core = require "mj.core"
local run = require "spec.support.run"

local ROOT = "spec/wire/mj/"
local page = run.slurp "doc/seeds.md"

local function slurp(path)
  local file = io.open(path, "rb")
  local text = file and file:read "*a"
  if file then
    file:close()
  end
  return text
end

-- The JSON of a folder's file: of what stands behind an empty line, if any.
local function body_of(folder, name, root)
  local text = assert(slurp((root or ROOT) .. folder .. "/" .. name), folder)
  return text:match "\n\n(.*)$" or text
end

-- Without members that are empty texts.
local function filled(object)
  local kept = {}
  for key, value in pairs(object) do
    if value ~= "" then
      kept[key] = value
    end
  end
  return kept
end

-- The documents' shorter replies, as they stand there.
local succeeded = '{\n"code": 1,\n"description": "Submission succeeded",\n"properties": {},\n'
  .. '"result": 1320098173412546\n}'
local replies = {
  imagine_minimal_flow = '{\n  "code": 1,\n  "description": "Submit success",\n'
    .. '  "result": "1320098173412546"\n}',
  imagine_octopusx_reply = '{\n"code" : 1 ,\n"description" : "Submit success" ,\n'
    .. '"result" : "1712158011464906"\n}',
  imagine_number_for_an_id = succeeded, blend_square = succeeded, describe_data_uri = succeeded,
  shorten_prompt = succeeded, click_provider_example = succeeded, modal_neither = succeeded,
  fetch_provider_schema_empty_id = '{\n"action": "",\n"buttons": [\n{\n"customId": "",\n'
    .. '"emoji": "",\n"label": "",\n"style": 0,\n"type": 0\n}\n],\n"description": "",\n'
    .. '"failReason": "",\n"finishTime": 0,\n"id": "",\n"imageUrl": "",\n"progress": "",\n'
    .. '"prompt": "",\n"promptEn": "",\n"properties": {},\n"startTime": 0,\n"state": "",\n'
    .. '"status": "",\n"submitTime": 0\n}',
}

local requests = {
  imagine_minimal_flow = '{"base64Array":[],"prompt":"black cat, cinematic lighting"}',
  imagine_fast = '{"base64Array":[],"prompt":"black cat"}',
  imagine_number_for_an_id = '{"base64Array":[],"prompt":"Cat"}',
  click_guide_example = '{"taskId":"1320098173412546","customId":"MJ::JOB::upsample::1::example"}',
  click_provider_example = '{"customId":"MJ::JOB::upsample::2::3dbbd469-36af-4a0f-8f02-'
    .. 'df6c579e7011","taskId":"14001934816969359"}',
  blend_square = '{"base64Array":["data:image/png;base64,xxx1","data:image/png;base64,xxx2"],'
    .. '"dimensions":"SQUARE"}',
  describe_data_uri = '{"base64":"data:image/png;base64,xxx"}',
  shorten_prompt = '{"prompt":"Cat"}',
  modal_neither = '{"maskBase64":"","prompt":"","taskId":"14001934816969359"}',
}

local function examples(kind)
  local list, seen = {}, {}
  for folder in page:gmatch(kind .. " `([%w_]+)`") do
    if not seen[folder] then
      seen[folder] = true
      list[#list + 1] = folder
    end
  end
  return list, seen
end

describe("the documents", function()
  it("are kept in fixtures and tests that exist", function()
    local folders, tests = 0, 0
    for name in page:gmatch "`([^`\n]+)`" do
      local file, test = name:match "^(%l+/[%w_/]+%.%a+): (.+)$"
      if file then
        local text = slurp(file)
        assert.is_string(text, file)
        assert.truthy(text:find(test, 1, true), name)
        tests = tests + 1
      elseif name:find "^%l[%w]*_[%w_]+$" then
        assert.is_string(slurp(ROOT .. name .. "/want.json")
          or slurp("spec/wire/generate/" .. name .. "/want.json"), name)
        folders = folders + 1
      end
    end
    assert.is_true(folders > 500, folders)
    assert.is_true(tests > 60, tests)
  end)

  it("are all there: nineteen examples, the numbers of the oddities", function()
    local rows = {}
    for document in page:gmatch "\n| (%d%d%d) | [JSONcurl]+, " do
      rows[document] = (rows[document] or 0) + 1
    end
    assert.same({ ["000"] = 4, ["001"] = 3, ["002"] = 11, ["004"] = 1 }, rows)
    for i = 1, 21 do
      assert.truthy(page:find(("\n| %d | "):format(i), 1, true), i)
    end
  end)

  it("say in the generate family what the other pages' examples show", function()
    local task, url = "task_abc123xyz789", "https://r2.apixo.ai/%d.png"
    local function reply(folder)
      return body_of(folder, "reply.http", "spec/wire/generate/")
    end
    assert.equal(('{"code":200,"message":"success","data":{"taskId":"%s"}}'):format(task),
      reply "text_to_image_example")
    assert.equal('{"code":400,"message":"Invalid request","data":{"error":'
      .. '"Missing required field: input.prompt"}}', reply "reply_400")
    assert.equal(('{"code":200,"message":"success","data":{"taskId":"%s","state":"processing",'
      .. '"createTime":1767965610929}}'):format(task), reply "fetch_processing_example")
    local list = {}
    for i = 1, 4 do
      list[i] = ('\\"%s\\"'):format(url:format(i))
    end
    assert.equal(('{"code":200,"message":"success","data":{"taskId":"%s","state":"success",'
      .. '"resultJson":"{\\"resultUrls\\":[%s]}","createTime":1767965610929,'
      .. '"completeTime":1767965652317,"costTime":41388}}'):format(task, table.concat(list, ",")),
      reply "fetch_success_example")
    assert.equal(('{"code":200,"message":"success","data":{"taskId":"%s","state":"failed",'
      .. '"failCode":"CONTENT_VIOLATION","failMsg":"Content violates safety guidelines",'
      .. '"createTime":1767965610929,"completeTime":1767965652317,"costTime":41388}}'):format(task),
      reply "fetch_failed_example")
  end)

  local requested, is_requested = examples "request"
  for _, folder in ipairs(requested) do
    it("show the request of " .. folder, function()
      local shown = core.decode(assert(slurp(ROOT .. folder .. "/sample.json"), folder))
      assert.same(core.decode(assert(requests[folder])), shown)
      assert.same(filled(shown), core.decode(body_of(folder, "request.http")))
    end)
  end

  it("show no other requests", function()
    assert.is_true(#requested > 0)
    for folder in pairs(requests) do
      assert.is_true(is_requested[folder] or false, folder)
    end
  end)

  local replied, is_replied = examples "reply"
  for _, folder in ipairs(replied) do
    it("show the reply of " .. folder, function()
      local text = body_of(folder, "reply.http")
      assert.is_table(core.decode(text))
      if folder ~= "fetch_full_sample" then
        assert.equal(assert(replies[folder]), text)
      end
    end)
  end

  it("show no other replies", function()
    assert.is_true(#replied > 0)
    for folder in pairs(replies) do
      assert.is_true(is_replied[folder] or false, folder)
    end
  end)

  it("show a whole task", function()
    local text = body_of("fetch_full_sample", "reply.http")
    local task = core.decode(text)
    local hash = "26d56b92-4ed6-45e2-8561-563797923135"
    local ids = {}
    for i, button in ipairs(task.buttons) do
      assert.same({ 2, 2 }, { button.style, button.type })
      ids[i] = button.label .. button.emoji .. " " .. button.customId:gsub("(%x+)%-[%x%-]+", "%1")
    end
    assert.same({
      "U1 MJ::JOB::upsample::1::26d56b92", "U2 MJ::JOB::upsample::2::26d56b92",
      "U3 MJ::JOB::upsample::3::26d56b92", "U4 MJ::JOB::upsample::4::26d56b92",
      "🔄 MJ::JOB::reroll::0::26d56b92::SOLO", "V1 MJ::JOB::variation::1::26d56b92",
      "V2 MJ::JOB::variation::2::26d56b92", "V3 MJ::JOB::variation::3::26d56b92",
      "V4 MJ::JOB::variation::4::26d56b92",
    }, ids)
    assert.same({ "8774786694361674000", "7415633538733103000" },
      { task.properties.discordChannelId, task.properties.discordInstanceId })
    assert.equal(hash, task.properties.messageHash)
    -- as it is written: escapes, and a link that ends with an ampersand
    assert.truthy(text:find("d3bd5\\u0026\",\n\"status\"", 1, true))
    assert.truthy(text:find("\\u003chttps://s.mj.run/ktqQpnwPoPk\\u003e", 1, true))
  end)
end)
