-- SPDX-License-Identifier: MIT
-- Clients: options, verbs, the default client.

local cjson = require "cjson"
local env = require "mj.env"
local helper = require "helper"
local loop = require "mj.loop"
local mj = require "mj"
local mjtest = require "mjtest"

local function body_of(world, i)
  return cjson.decode(world:requests()[i or 1].body)
end

describe("client", function()
  before_each(helper.before_each)
  after_each(helper.after_each)

  describe("verbs", function()
    it("take a prompt alone, or a table", function()
      local client, world = helper.script()
      assert(client:imagine("black cat"):await())
      assert(client:imagine({ prompt = "black cat" }):await())
      assert(client:submit("imagine", "black cat"):await())
      assert(client:submit("imagine", { prompt = "black cat" }):await())
      local n = 0
      for _, request in ipairs(world:requests()) do
        if request.method == "POST" then
          n = n + 1
          assert.equal("black cat", cjson.decode(request.body).prompt)
          assert.matches("/mj/submit/imagine$", request.url)
          assert.equal("Bearer sk-CANARY-0123456789abcdef", request.headers.Authorization)
        end
      end
      assert.equal(4, n)
    end)

    it("turn fields into the prompt's parameters", function()
      local client, world = helper.script()
      assert(client:imagine({
        prompt = "cat", aspect = "3:2", stylize = 250.0, chaos = 0, quality = 0.5, tile = true,
        draft = false, no = { "dogs", "birds" }, version = "niji 6", seed = 4294967295,
        sref = { "https://a.b/1.png", "https://a.b/2.png" },
      }):await())
      assert.equal("cat --ar 3:2 --stylize 250 --chaos 0 --niji 6 --seed 4294967295 --quality 0.5"
        .. " --no dogs, birds --sref https://a.b/1.png https://a.b/2.png --tile",
        body_of(world).prompt)
    end)

    it("know every parameter that the core knows", function()
      local values = {
        aspect = "3:2", stylize = 100, chaos = 10, weird = 10, version = "v7", seed = 1,
        quality = 1, no = "dogs", iw = 1, sref = "https://a.b/1.png", sw = 10,
        cref = "https://a.b/1.png", cw = 10, oref = "https://a.b/1.png", ow = 10, tile = true,
        style = "raw", draft = true, stop = 50,
      }
      local client, world = helper.script()
      for _, name in ipairs(require("mj.prompt").names) do
        local before = #world:requests()
        assert.is_not_nil(values[name], name)
        local job = client:imagine { prompt = "cat", [name] = values[name] }
        assert.equal("10", assert(job:id()):sub(1, 2))
        assert(job:await())
        assert.matches("^cat %-%-", body_of(world, before + 1).prompt)
      end
    end)

    it("refuse what is out of range before it costs anything", function()
      local client, world = helper.script()
      for field, value in pairs {
        stylize = 1001, aspect = "0:0", chaos = -1, stop = 5, seed = "x",
      } do
        local job = client:imagine { prompt = "cat", [field] = value }
        local task, e = job:await()
        assert.is_nil(task)
        assert.equal("invalid", e.code)
        assert.matches(field, e.message)
      end
      assert.equal(0, #world:requests())
    end)

    it("let it through if they are told to be lenient", function()
      local client, world = helper.script(nil, { strict = false })
      assert(client:imagine({ prompt = "cat", stylize = 1001 }):await())
      assert.equal("cat --stylize 1001", body_of(world).prompt)
    end)

    it("raise what is wrong with the call, at the caller's line", function()
      local client = helper.script()
      for message, call in pairs {
        ["client:imagine: field 'prompt': string expected, got number"] = function()
          client:imagine { prompt = 7 }
        end,
        ["client:imagine: field 'prompt': string expected, got nil"] = function()
          client:imagine {}
        end,
        ["client:imagine: table of options expected, got number"] = function()
          client:imagine(7)
        end,
        ["client:imagine: unknown option 'pormpt' (did you mean 'prompt'?)"] = function()
          client:imagine { pormpt = "cat" }
        end,
        ["client:imagine: unknown option '1'"] = function()
          client:imagine { "cat" }
        end,
        ["client:imagine: field 'key': string expected, got number"] = function()
          client:imagine { prompt = "cat", key = 7 }
        end,
        ["client:resolve: field 'key': key or token (a string) expected, got nil"] = function()
          client:resolve(nil, "absent")
        end,
        ["client:hint: field 'body': body of a callback (a string) expected, got table"] =
          function()
          client:hint {}
        end,
        ["client:resolve: field 'id': task id (a string) or \"absent\" expected, got number"]
          = function()
          client:resolve("cat", 17)
        end,
        ["client:run_done: the client has no journal, or no run"] = function()
          client:run_done()
        end,
        ["client:imagine: unknown option 'base64Array' (did you mean 'images'?)"] = function()
          client:imagine { prompt = "cat", base64Array = {} }
        end,
        ["client:imagine: field 'prompt': contains a NUL byte"] = function()
          client:imagine "a\0b"
        end,
        ["client:imagine: field 'no': list of strings expected, got table"] = function()
          client:imagine { prompt = "cat", no = { {} } }
        end,
        ["client:imagine: field 'seed': a finite number expected"] = function()
          client:imagine { prompt = "cat", seed = 0 / 0 }
        end,
        ["client:submit: no verb 'blent'; this version has blend, change, click, describe, edit, "
          .. "generate, imagine, inpaint, modal, retexture, shorten, simple_change, swap_face, "
          .. "upload, video"]
          = function()
          client:submit("blent", {})
        end,
        ["client:click: field 'task': task or id (a string) expected, got nil"] = function()
          client:click(nil, "U2")
        end,
      } do
        local ok, e = pcall(call)
        assert.is_false(ok)
        assert.equal(message, (e:gsub("^[^:]+:%d+: ", "")))
        assert.matches("client_spec.lua:%d+:", e)
      end
    end)

    it("take members for the body", function()
      local client, world = helper.script()
      assert(client:imagine({ prompt = "cat", extra = { botType = "NIJI_JOURNEY" } }):await())
      assert.equal("NIJI_JOURNEY", body_of(world).botType)
      assert(client:imagine({ prompt = "cat", extra = '{"a":[1,null]}' }):await())
      assert.equal(cjson.null, body_of(world, 3).a[2])
      for _, wrong in ipairs { "no json", "[1]", "" } do
        assert.has_error(function()
          client:imagine { prompt = "cat", extra = wrong }
        end, "client:imagine: field 'extra': a JSON object expected")
      end
    end)
  end)

  describe("modes", function()
    local urls = {
      [{ mode = "fast" }] = "/mj-fast/mj/submit/imagine",
      [{ mode = "relax", mode_style = "prefix" }] = "/relax/mj/submit/imagine",
      [{ mode = "turbo", mode_style = "body" }] = "/mj/submit/imagine",
      [{ prefix = "/v1" }] = "/v1/mj/submit/imagine",
      [{}] = "/mj/submit/imagine",
    }
    for opts, path in pairs(urls) do
      it("lead to " .. path .. " (" .. (opts.mode_style or "default") .. ")", function()
        local client, world = helper.script(nil, opts)
        assert(client:imagine("cat"):await())
        assert.equal(helper.BASE .. path, world:requests()[1].url)
      end)
    end

    it("can be one task's", function()
      local client, world = helper.script()
      assert(client:imagine({ prompt = "cat", mode = "turbo" }):await())
      assert.equal(helper.BASE .. "/mj-turbo/mj/submit/imagine", world:requests()[1].url)
    end)
  end)

  describe("options", function()
    it("set headers, key and its place", function()
      local client, world = helper.script(nil, {
        auth = "secret", headers = { ["X-Team"] = "blue" }, user_agent = "spec/1",
      })
      assert(client:imagine("cat"):await())
      local headers = world:requests()[1].headers
      assert.equal("sk-CANARY-0123456789abcdef", headers["mj-api-secret"])
      assert.is_nil(headers.Authorization)
      assert.equal("blue", headers["X-Team"])
      assert.equal("spec/1", headers["User-Agent"])
    end)

    local function polls(opts)
      local client, world = helper.script(helper.gateway {
        { match = "/fetch", body = helper.running(), times = 4 },
      }, opts)
      assert(client:imagine("cat"):await())
      local gaps, last = {}, nil
      for i, request in ipairs(world:requests()) do
        if i > 1 then
          gaps[i - 1] = math.floor((request.at - last) * 10 + 0.5) / 10
        end
        last = request.at
      end
      return gaps
    end

    it("say how often to ask", function()
      assert.same({ 2, 4, 8, 8, 8 }, polls {})
      assert.same({ 2, 4, 8, 8, 8 }, polls { poll = "auto" })
      assert.same({ 1, 2, 3, 3, 3 }, polls { poll = { 1, 2, 3 } })
      assert.same({ 5, 5, 5, 5, 5 }, polls { poll = { 5 } })
      assert.same({ 20, 3, 3, 3, 3 }, polls { poll = { first = 20, every = 3 } })
      env.set("MJ_POLL", "1,0.5")
      finally(function()
        env.set("MJ_POLL", nil)
      end)
      assert.same({ 1, 0.5, 0.5, 0.5, 0.5 }, polls {})
      assert.same({ 5, 5, 5, 5, 5 }, polls { poll = { 5 } })
      env.set("MJ_POLL", "often")
      assert.has_error(function()
        mj.client { base_url = helper.BASE }
      end, "mj.client: MJ_POLL: seconds like 2,4,8 expected, got 'often'")
    end)

    it("limit what runs at once, and how much leaves in a minute", function()
      local client, world = helper.script(nil, { limits = { live = 2 } })
      local jobs = {}
      for i = 1, 6 do
        jobs[i] = client:imagine("cat " .. i)
      end
      local _, errors = mj.await(jobs)
      assert.same({}, errors)
      local live, most = 0, 0
      for _, request in ipairs(world:requests()) do
        live = live + (request.paid and 1 or -1)
        most = math.max(most, live)
      end
      assert.equal(2, most)

      client, world = helper.script(nil, { limits = { submits = 60 } })
      local start = world:now()
      for i = 1, 200 do
        jobs[i] = client:imagine("cat " .. i)
      end
      _, errors = mj.await(jobs)
      assert.same({}, errors)
      assert.is_true(world:now() - start > 60)
    end)

    it("give each kind of request its time", function()
      local client, world = helper.script(helper.gateway {
        { match = "/fetch", body = helper.task() },
        { match = "/fetch", body = helper.running(), ["repeat"] = true },
      }, { timeout = { await = 40, submit = 7, request = 9, connect = 1, download = 2 } })
      local task = assert(client:imagine("cat"):await())
      assert(task:bytes())
      local times = {}
      for i, request in ipairs(world:requests()) do
        times[i] = { request.timeout, request.connect_timeout }
      end
      assert.same({ { 7, 1 }, { 9, 1 }, { 2, 1 } }, times)
      local start, job = world:now(), client:task "77"
      local _, e = job:await()
      assert.equal("timeout", e.code)
      assert.near(40, world:now() - start, 0.01)
      job:cancel()
      job:await()
      for message, timeout in pairs {
        ["mj.client: timeout: unknown option 'wait' (did you mean 'await'?)"] = { wait = 3 },
        ["mj.client: timeout: field 'submit': seconds from 0 up expected"] = { submit = -1 },
        ["mj.client: timeout: field 'await': number expected, got string"] = { await = "3" },
      } do
        assert.has_error(function()
          mj.client { base_url = helper.BASE, timeout = timeout }
        end, message)
      end
    end)

    it("find out how a gateway takes its key, once and for free", function()
      local client, world = helper.script(helper.gateway {
        { match = "GET", http = 401, body = "" },
      }, { auth = "auto" })
      mj.await { client:imagine "a", client:imagine "b" }
      local posts = 0
      for i, request in ipairs(world:requests()) do
        posts = posts + (request.paid and 1 or 0)
        assert.is_false(i < 3 and request.paid)
      end
      assert.equal(2, posts)
    end)

    it("fetch pictures from another host", function()
      for host, url in pairs {
        ["https://cdn.example:8443"] = "https://cdn.example:8443/mj/image/77",
        gateway = helper.BASE .. "/mj/image/77",
      } do
        local client, world = helper.script(helper.gateway {
          { match = "/fetch", body = helper.task {
            imageUrl = "http://127.0.0.1:3000/mj/image/77",
          } },
        }, { image_host = host })
        local task = assert(client:task("77"):await())
        assert(task:bytes())
        local requests = world:requests()
        assert.equal(url, requests[#requests].url)
        assert.is_true(requests[#requests].foreign)
      end
      assert.has_error(function()
        mj.client { base_url = helper.BASE, image_host = "cdn.example" }
      end)
    end)

    it("hand the log over, without the key", function()
      local lines = {}
      local client = helper.script(nil, {
        api_key = "sk-CANARY0123456789",
        log = function(level, line)
          lines[#lines + 1] = level .. " " .. line
        end,
      })
      assert(client:imagine("cat"):await())
      assert.is_true(#lines > 0)
      local all = table.concat(lines, "\n")
      assert.matches("info accepted: task 10001", all)
      assert.is_nil(all:find("CANARY", 1, true))
    end)

    it("have a journal, of which one may ask", function()
      local folder = helper.folder()
      local path = folder .. "/deep/j"
      local client = helper.script({}, { journal = path, run = "nightly" })
      assert.same({}, client:unknown())
      local ok, e = client:resolve("nothing", "absent")
      assert.same({ nil, "not_found" }, { ok, e.code })
      assert.is_true(client:run_done())
      local none, why = mj.client { base_url = helper.BASE, journal = folder }
      assert.same({ nil, "journal" }, { none, why.code })
      assert.matches(folder, why.message, 1, true)
      client:close()
      helper.remove(folder)
      client = helper.script()
      none, why = client:unknown()
      assert.same({ nil, "invalid" }, { none, why.code })
      none, why = client:resolve("nothing", "absent")
      assert.same({ nil, "invalid" }, { none, why.code })
    end)

    it("of later versions are refused, not ignored", function()
      for _, name in ipairs { "webhook" } do
        assert.has_error(function()
          mj.client { base_url = helper.BASE, [name] = "x" }
        end, ("mj.client: option '%s' is not available in this version"):format(name))
      end
    end)

    it("are checked", function()
      for message, opts in pairs {
        ["unknown option 'api_kye' (did you mean 'api_key'?)"] = { api_kye = "x" },
        ["field 'api_key': string or boolean expected, got number"] = { api_key = 3 },
        ["field 'journal': string or boolean expected, got number"] = { journal = 3 },
        ["field 'journal': string expected, got boolean"] = { journal = true },
        ["field 'fresh': boolean expected, got string"] = { fresh = "yes" },
        ["field 'api_key': string expected, got boolean"] = { api_key = true },
        ["field 'timeout': number or table expected, got string"] = { timeout = "3" },
        ["field 'timeout': seconds from 0 up expected"] = { timeout = -3 },
        ["field 'log': function expected, got boolean"] = { log = true },
        ["limits: unknown option 'submit' (did you mean 'submits'?)"] = { limits = { submit = 3 } },
        ["field 'poll[2]': seconds expected, got string"] = { poll = { 2, "4" } },
        ["field 'headers': string expected, got number"] = { headers = { a = 3 } },
        ["field 'live': a whole number expected"] = { limits = { live = 2.5 } },
        ["auth: auto, bearer, raw or secret expected, got token"] = { auth = "token" },
      } do
        opts.base_url = helper.BASE
        local ok, e = pcall(mj.client, opts)
        assert.is_false(ok, message)
        assert.is_truthy(e:find(message, 1, true), e)
        assert.matches("client_spec.lua:%d+: mj.client: ?", e)
      end
    end)

    it("with a bad address are refused without a word of the key", function()
      for _, url in ipairs {
        "ftp://x", "http://user:pw@x", "not a url", "http://x/\r\nX: y", "",
      } do
        local ok, e = pcall(mj.client, { base_url = url, api_key = "sk-CANARY0123456789" })
        assert.is_false(ok, url)
        assert.is_nil(e:find("CANARY", 1, true))
      end
      local ok, e = pcall(mj.client, { base_url = helper.BASE, api_key = "sk-CANARY\r\nX-Evil: 1" })
      assert.is_false(ok)
      assert.matches("api_key", e)
      assert.is_nil(e:find("CANARY", 1, true))
    end)
  end)

  describe("of the environment", function()
    after_each(function()
      env.set("MJ_BASE_URL", nil)
      env.set("MJ_API_KEY", nil)
    end)

    it("is what mj.client{} and the module's functions use", function()
      env.set("MJ_BASE_URL", helper.BASE)
      env.set("MJ_API_KEY", "sk-CANARY-from-environment")
      local world = mjtest.script(helper.gateway())
      loop.use_virtual(world:capsule())
      local client = mj.client { virtual = world:capsule() }
      assert(client:imagine("cat"):await())
      local first = #world:requests()
      assert.equal("Bearer sk-CANARY-from-environment", world:requests()[1].headers.Authorization)
      client:close()
      client = mj.client { virtual = world:capsule(), api_key = false }
      assert(client:imagine("cat"):await())
      assert.is_nil(world:requests()[first + 1].headers.Authorization)
      client:close()
    end)

    it("is missing where nothing names a gateway", function()
      env.set("MJ_BASE_URL", "")
      local ok, e = pcall(mj.client, {})
      assert.is_false(ok)
      assert.matches("mj.client: no gateway: give base_url, or set MJ_BASE_URL, or name it in "
        .. "/.*/config.lua; or run the script with mjlua %-%-sim$", e)
    end)
  end)

  it("closes once, twice, and when it is collected", function()
    local client, world = helper.script()
    client:close()
    client:close()
    assert.matches("%(closed%)", tostring(client))
    local task, e = client:task("1"):await()
    assert.is_nil(task)
    assert.equal("closed", e.code)
    local weak = setmetatable({ helper.client(world) }, { __mode = "v" })
    assert(weak[1]:imagine("cat"):await())
    helper.forget()
    mj.step(0)
    collectgarbage()
    collectgarbage()
    assert.is_nil(weak[1])
  end)

  it("is not collected while it works", function()
    local _, world = helper.script()
    local got
    do
      local client = helper.client(world)
      client:imagine("cat"):on_done(function(task)
        got = task.id
      end)
    end
    helper.forget()
    collectgarbage()
    collectgarbage()
    mj.run()
    assert.equal("10001", got)
  end)

  it("closes at the end of a block", function()
    if _VERSION ~= "Lua 5.4" then
      return
    end
    local client = helper.script()
    assert(load([[
      local client = ...
      do
        local c <close> = client
      end
    ]]))(client)
    assert.matches("%(closed%)", tostring(client))
  end)

  it("lists its jobs and counts", function()
    local client = helper.script()
    local a, b = client:imagine "a", client:imagine "b"
    assert.same({ a, b }, client:jobs())
    assert.equal(2, client:stats().queued)
    mj.await { a, b }
    assert.same({}, client:jobs())
    local stats = client:stats()
    assert.equal(2, stats.submits)
    assert.equal(0, stats.queued + stats.sending + stats.running)
  end)

  it("survives its log, whose error is reported once", function()
    local lines = 0
    local client = helper.script(nil, {
      log = function()
        lines = lines + 1
        error("log broke", 0)
      end,
    })
    assert.equal("SUCCESS", assert(client:imagine("cat"):await()).status)
    assert.equal("SUCCESS", assert(client:imagine("dog"):await()).status)
    assert.is_true(lines > 1)
    local reports = helper.reports()
    assert.equal(1, #reports)
    assert.matches("log of a client: log broke", reports[1])
  end)
end)
