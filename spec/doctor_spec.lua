-- SPDX-License-Identifier: MIT
-- mjlua -m doctor: each cause has its line and its cure, and nothing is paid.

local cjson = require "cjson"
local client = require "mj.client"
local doctor_module = require "mj.cli.doctor"
local env = require "mj.env"
local helper = require "spec.helper"
local loop = require "mj.loop"
local mjtest = require "mjtest"
local run = require "spec.support.run"

describe("-m doctor", function()
  local folder
  before_each(function()
    folder = run.folder()
  end)
  after_each(function()
    run.remove(folder)
  end)

  local function doctor(before, options)
    return run.shell(("env -i PATH=$PATH HOME=%s XDG_CONFIG_HOME=%s %s %s -m doctor %s"):format(
      folder, folder, before or "", run.mjlua, options or ""))
  end

  -- The lines that are not well: "state name text" and, behind an arrow, the cure.
  local function finds(expected_status, expected, before, options)
    local status, out, err = doctor(before, options)
    assert.equal("", err)
    for _, text in ipairs(expected) do
      assert.truthy(out:find(text), ("%s in %s"):format(text, out))
    end
    assert.equal(expected_status, status, out)
    assert.is_nil(out:find("sk-0123456789", 1, true), "the key is shown")
    local said = {}
    for text in (out:gsub("\n +%-> ", "\n")):gmatch "[^\n]+" do -- nothing twice
      text = text:gsub("^%l+ +[%w_]+ +", "")
      for before_it in pairs(#text > 12 and said or {}) do
        assert.is_nil(text:find(before_it, 1, true) or before_it:find(text, 1, true), out)
      end
      said[text] = #text > 12 or nil
    end
    assert.is_nil(out:find("base_url right", 1, true), out)
    return out
  end

  -- With a simulator: what finds looks for may have %URL% in it.
  local function at_gateway(settings, commands)
    local status, out, err = run.with_gateway(folder, settings, commands)
    assert.equal("", err)
    return out, status
  end

  -- The lines by name, with clients made by `make`.
  local function looks(make, url)
    local new = client.new
    client.new = make
    env.set("MJ_BASE_URL", url)
    local ok, report = pcall(doctor_module.look, nil, 10)
    env.set("MJ_BASE_URL", nil)
    client.new = new
    assert(ok, report)
    local lines = {}
    for _, line in ipairs(report) do
      lines[line.name] = line
    end
    return lines
  end

  it("says that nothing is set, and what to set", function()
    finds(1, { "fail  address +no gateway is set\n +%-> export MJ_BASE_URL=" })
  end)

  it("says what is wrong with an address", function()
    finds(1, { "fail  address +gw.example %(MJ_BASE_URL%) does not begin with https://",
      "%-> write it as https://gw.example" }, "MJ_BASE_URL=gw.example")
    finds(1, { "fail  address +http://127.0.0.1:1/x/mj %(MJ_BASE_URL%) goes on with /mj\n",
      "leave that out, mj adds it: http://127.0.0.1:1/x\n" },
      "MJ_BASE_URL=http://127.0.0.1:1/x/mj")
    finds(1, { "goes on with /api/v1/statusTask" },
      "MJ_BASE_URL=http://127.0.0.1:1/api/v1/statusTask")
    finds(1, { "warn  address +http://gw.invalid .* can be read on its way" },
      "MJ_BASE_URL=http://gw.invalid")
  end)

  it("says how far the way to the gateway leads", function()
    finds(1, { "fail  name +Could not resolve host: nosuch.invalid.*%-> check the host" },
      "MJ_BASE_URL=https://nosuch.invalid")
    finds(1, { "ok    name", "fail  connect +Failed to connect.*%-> nothing listens there" },
      "MJ_BASE_URL=http://127.0.0.1:1")
    local out = at_gateway("clock=1", ([[
      env -i HOME=$out MJ_BASE_URL=https${MJ_BASE_URL#http} $mjlua -m doctor]]))
    -- "wrong version number", or a reset where that comes first
    assert.truthy(out:find "ok    connect" and out:find "fail  tls [^\n]*\n[^\n]*http://", out)
  end)

  it("knows a certificate of another host by libcurl's words", function()
    local report = looks(function()
      return {
        capabilities = function()
          return nil, { code = "network", message = "asking which API the gateway has: SSL: no "
            .. "alternative certificate subject name matches target host name 'a.example'" }
        end,
        jobs = function() return {} end,
        close = function() end,
      }
    end, "https://a.example")
    assert.equal("fail", report.tls.state)
    assert.matches("no alternative certificate subject name", report.tls.text)
    assert.matches("the certificate is not for that host", report.tls.cure)
  end)

  it("says that a page for people answers", function()
    local world = mjtest.script { { match = "/", body = "<html><body>Welcome</body></html>",
      content_type = "text/html", ["repeat"] = true } }
    loop.use_virtual(world:capsule())
    local new = client.new
    local report = looks(function(opts)
      opts.virtual = world:capsule()
      return new(opts)
    end, helper.BASE)
    loop.use_virtual(nil)
    assert.equal("fail", report.answers.state)
    assert.equal("it answers with a web page, not JSON: Welcome", report.answers.text)
    assert.matches("not that of a page for people", report.answers.cure)
    assert.is_nil(report.can)
    for _, request in ipairs(world:requests()) do
      assert.equal("GET", request.method)
    end
  end)

  it("does not claim what it has not seen, at a wrong path of the generate family", function()
    local out, status = at_gateway("profile=generate,key=sk-right", [[
      for path in /wrong /api/v1 ""; do
        env -i HOME=$out MJ_BASE_URL=$MJ_BASE_URL$path MJ_API_KEY=sk-0123456789-wrong \
          $mjlua -m doctor
        echo "ended with $?"
      done
      env -i HOME=$out MJ_BASE_URL=$MJ_BASE_URL MJ_API_KEY=sk-right $mjlua -m doctor
      true]])
    assert.equal(0, status)
    local wrong, doubled, refused, right = out:match("^(.-ended with %d\n)(.-ended with %d\n)"
      .. "(.-ended with %d\n)(.*)$")
    assert.truthy(wrong:find("warn  answers +it answers in the words of the generate family, "
      .. "but of no task: [^\n]*Not Found; that may be for want of the path, and tells nothing "
      .. "of the key\n +%-> is the address what stands in front of /api/v1%?"), wrong)
    assert.is_nil(wrong:find("takes the key", 1, true), wrong)
    assert.is_nil(wrong:find("ok    can", 1, true), wrong)
    assert.truthy(doubled:find "fail  address [^\n]* goes on with /api/v1\n", doubled)
    assert.is_nil(doubled:find(" answers ", 1, true), doubled)
    assert.is_nil(doubled:find("ok    can", 1, true), doubled)
    assert.truthy(refused:find "fail  key [^\n]*401", refused)
    assert.truthy(right:find "ok    answers +it takes the key, and speaks the generate", right)
  end)

  it("says soon that nobody is there", function()
    local world = mjtest.script { { match = "/", rc = 7, ["repeat"] = true } }
    loop.use_virtual(world:capsule())
    local new = client.new
    local report = looks(function(opts)
      opts.virtual = world:capsule()
      return new(opts)
    end, helper.BASE)
    loop.use_virtual(nil)
    assert.equal("fail", report.connect.state)
    assert.equal(2, #world:requests())
  end)

  it("says that a key is wrong, one with its word in front", function()
    local out, status = at_gateway("key=sk-right", [[
      env -i HOME=$out MJ_BASE_URL=$MJ_BASE_URL MJ_API_KEY=sk-0123456789-wrong $mjlua -m doctor
      echo "ended with $?"
      env -i HOME=$out MJ_BASE_URL=$MJ_BASE_URL MJ_API_KEY="Bearer sk-right" $mjlua -m doctor
      true]])
    assert.equal(0, status)
    assert.truthy(out:find "fail  key +[^\n]*401[^\n]*\n +%-> is the key right", out)
    assert.truthy(out:find("ended with 1", 1, true), out)
    assert.truthy(out:find "fail  key [^\n]*begins with the word Bearer", out)
    assert.is_nil(out:find("sk-0123456789", 1, true))
  end)

  it("says that others can read a key, in a file of keys and of gateways", function()
    run.spit(folder .. "/k", "sk-0123456789-file\n")
    os.execute("chmod 644 " .. folder .. "/k")
    finds(1, { "fail  settings +MJ_API_KEY_FILE: others can get at the key",
      "%-> chmod 600 /tmp/" },
      ("MJ_BASE_URL=http://127.0.0.1:1 MJ_API_KEY_FILE=%s/k"):format(folder))
    os.execute("mkdir " .. folder .. "/mj")
    run.spit(folder .. "/mj/config.lua",
      'return { w = { base_url = "http://127.0.0.1:1", api_key = "sk-0123456789-conf" } }')
    os.execute("chmod 640 " .. folder .. "/mj/config.lua")
    finds(1, { "fail  file +others can get at the key in it", "%-> chmod 600 /tmp/" })
    os.execute("chmod 600 " .. folder .. "/mj/config.lua")
    finds(1, { "ok    file .*: w %(default%)", "ok    key +sk%-…conf %(.*gateway 'w'%)" })
    finds(1, { "fail  settings .*unknown gateway 'v' %(did you mean 'w'%?%)" }, "", "v")
  end)

  it("says that a key is missing, and that proxies of the environment are not used", function()
    finds(1, { "warn  key +none is set", "warn  proxy +https_proxy is set, and not used" },
      "MJ_BASE_URL=http://127.0.0.1:1 https_proxy=http://127.0.0.1:9")
  end)

  it("names the variable of a wrong value", function()
    finds(1, { "fail  settings +MJ_TIMEOUT: a number expected, got 'soon'" },
      "MJ_BASE_URL=http://127.0.0.1:1 MJ_TIMEOUT=soon")
    finds(1, { "fail  mode +fast, relax or turbo expected, got slow %(from MJ_MODE%)" },
      "MJ_BASE_URL=http://127.0.0.1:1 MJ_MODE=slow")
  end)

  for _, profile in ipairs { "new-api", "novicezk", "plus", "trueai", "generate" } do
    it("is content with " .. profile .. ", which gets no submission", function()
      os.execute("mkdir " .. folder .. "/g")
      local status, out, err = run.shell(([[
        set -e
        %s spec/support/gateway.lua %s/g profile=%s 2>/dev/null &
        gateway=$!
        trap 'kill $gateway' EXIT
        i=0
        while [ ! -f %s/g/url ] && [ $i -lt 500 ]; do i=$((i + 1)); sleep 0.01; done
        . %s/g/url
        HOME=%s %s -m doctor --json
        touch %s/g/ask
        i=0
        while [ ! -f %s/g/count ] && [ $i -lt 500 ]; do i=$((i + 1)); sleep 0.01; done
        cat %s/g/count]]):format(run.mjlua, folder, profile, folder, folder, folder, run.mjlua,
        folder, folder, folder))
      assert.same({ 0, "" }, { status, err }, out)
      local json, count = out:match "^([^\n]*)\n(.*)$"
      assert.equal("0 submitted, 0 made\n", count)
      local report = cjson.decode(json)
      assert.is_true(report.ok)
      local lines = {}
      for _, line in ipairs(report.checks) do
        assert.not_equal("fail", line.state)
        lines[line.name] = line.text
      end
      assert.matches(profile == "generate" and "the generate family" or "the mj family",
        lines.answers)
      assert.matches("imagine", lines.can)
      local of_family = " (what the mj family has; a gateway may lack some of it)"
      assert.equal(profile ~= "generate", lines.can:find(of_family, 1, true) ~= nil, lines.can)
      local lacks = { ["new-api"] = { "list", "queue" }, trueai = { "queue" },
        generate = { "list", "queue" } }
      local function has(text, name)
        return (" " .. (text or "") .. " "):find(" " .. name .. " ", 1, true) ~= nil
      end
      for _, name in ipairs { "list", "queue" } do -- looked for
        local missing = has(table.concat(lacks[profile] or {}, " "), name)
        assert.equal(not missing, has(lines.can, name), name .. ": " .. lines.can)
        assert.equal(missing, has(lines.cannot, name), name)
      end
      assert.matches("libcurl/", lines.libraries)
      assert.matches("state/mj: 0 of scripts", lines.journal)
    end)
  end

  it("ends with 2 for what it does not know", function()
    assert.equal(2, (doctor("", "--jsno")))
    assert.equal(2, (doctor("", "--timeout x")))
    assert.equal(2, (doctor("", "a b")))
    local status, out = doctor("", "--help")
    assert.equal(0, status)
    assert.truthy(out:find "^usage: mjlua %-m doctor")
  end)
end)
