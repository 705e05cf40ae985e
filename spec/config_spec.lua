-- SPDX-License-Identifier: MIT
-- Where a client's settings come from: options, environment, the file of gateways.

local run = require "spec.support.run"

local q = run.quote

describe("the file of gateways", function()
  local folder, file
  before_each(function()
    folder = run.folder()
    os.execute("mkdir -p " .. folder .. "/mj")
    file = folder .. "/mj/config.lua"
  end)
  after_each(function()
    run.remove(folder)
  end)

  local function config(text, mode)
    run.spit(file, text)
    os.execute(("chmod %s %s"):format(mode or "600", file))
  end

  -- What a script says; `before` are words in front of mjlua: variables, options.
  local function says(code, before, options)
    return run.shell(("env -i PATH=$PATH HOME=%s XDG_CONFIG_HOME=%s %s %s %s -e %s"):format(
      folder, folder, before or "", run.mjlua, options or "", q('mj = require "mj"; ' .. code)))
  end

  local function client(expected, what, before, options)
    local status, out, err = says(("print(mj.client%s)"):format(what), before, options)
    assert.same({ 0, "mj.client " .. expected .. "\n", "" }, { status, out, err })
  end

  local function fails(expected, what, before)
    local status, out, err = says(("print(assert(mj.client%s))"):format(what), before)
    assert.equal("", out)
    assert.equal(1, status)
    assert.truthy(err:find(expected, 1, true), err)
    assert.equal(1, select(2, err:gsub("\n", "")), err)
  end

  local TWO = [[return { default = "work",
    work = { base_url = "https://work.example", api_key = "sk-CANARY-work-0123456789-abcd",
             mode = "relax" },
    home = { base_url = "https://home.example", api_key_file = "home.key", auth = "raw" } }]]

  it("names gateways, and one that is meant when none is named", function()
    config(TWO)
    client("https://work.example (key sk-…abcd)", "{}")
    client("https://work.example (key sk-…abcd)", " 'work'")
    client("https://work.example (key sk-…abcd)", "{ gateway = 'work', mode = 'fast' }")
    config 'return { only = { base_url = "https://only.example" } }'
    client("https://only.example (no key)", "{}")
  end)

  it("is told which one by MJ_GATEWAY", function()
    config(TWO)
    run.spit(folder .. "/mj/home.key", "sk-CANARY-home-0123456789-wxyz\n")
    os.execute("chmod 600 " .. folder .. "/mj/home.key")
    client("https://home.example (key sk-…wxyz)", "{}", "MJ_GATEWAY=home")
    client("https://other.example (no key)", "{ base_url = 'https://other.example' }",
      "MJ_GATEWAY=home")
  end)

  it("stands behind the environment, which stands behind the options", function()
    config(TWO)
    client("https://env.example (no key)", "{}", "MJ_BASE_URL=https://env.example")
    client("https://env.example (key sk-…1111)", "{}",
      "MJ_BASE_URL=https://env.example MJ_API_KEY=sk-CANARY-env-0123456789-1111")
    client("https://opt.example (key …2222)",
      "{ base_url = 'https://opt.example', api_key = 'opt-0123456789-2222' }",
      "MJ_BASE_URL=https://env.example MJ_API_KEY=sk-CANARY-env-0123456789-1111")
  end)

  it("keeps the key of MJ_BASE_URL from a gateway that has another address", function()
    config 'return { bare = { base_url = "https://bare.example" } }'
    client("https://bare.example (no key)", " 'bare'",
      "MJ_BASE_URL=https://env.example MJ_API_KEY=sk-CANARY-env-0123456789-1111")
    client("https://bare.example (key sk-…1111)", " 'bare'", "MJ_API_KEY=sk-CANARY-env-56789-1111")
  end)

  it("is refused when others can read a key in it", function()
    for _, mode in ipairs { "644", "640", "604", "660", "620" } do
      config(TWO, mode)
      fails(("others can get at the key in it: chmod 600 %s"):format(file), "{}")
    end
    config('return { bare = { base_url = "https://bare.example" } }', "644")
    client("https://bare.example (no key)", "{}")
  end)

  it("is refused with a key in a folder where others could exchange it", function()
    config(TWO)
    os.execute(("chmod 777 %s/mj"):format(folder))
    fails(("exchange the key: chmod go-w %s/mj"):format(folder), "{}")
  end)

  it("is refused through a link into a folder of others", function()
    config(TWO)
    os.execute(("mkdir -m 777 %s/open && mv %s %s/open && ln -s %s/open/config.lua %s"):format(
      folder, file, folder, folder, file))
    fails("chmod go-w", "{}")
  end)

  it("takes a key from a file, which nobody else may read either", function()
    run.spit(folder .. "/k", "  sk-file-0123456789-3333 \nnot this\n")
    os.execute("chmod 600 " .. folder .. "/k")
    local before = ("MJ_BASE_URL=https://env.example MJ_API_KEY_FILE=%s/k"):format(folder)
    client("https://env.example (key sk-…3333)", "{}", before)
    client("https://o.example (key sk-…3333)", ("{ base_url = 'https://o.example', "
      .. "api_key_file = '%s/k' }"):format(folder))
    os.execute("chmod 640 " .. folder .. "/k")
    fails(("MJ_API_KEY_FILE: others can get at the key in it: chmod 600 %s/k"):format(folder),
      "{}", before)
    run.spit(folder .. "/k", "\n")
    os.execute("chmod 600 " .. folder .. "/k")
    fails("there is no key in it", "{}", before)
    os.remove(folder .. "/k")
    fails(("MJ_API_KEY_FILE: cannot open %s/k"):format(folder), "{}", before)
    fails("give api_key or api_key_file", "{ api_key = 'x', api_key_file = 'y' }", before)
  end)

  it("refuses what it does not know, with the nearest", function()
    config 'return { work = { base_url = "https://w.example", api_kye = "x" } }'
    fails("gateway 'work': unknown option 'api_kye' (did you mean 'api_key'?)", "{}")
    config 'return { work = { base_url = "https://w.example", journal = 1 } }'
    fails("gateway 'work': journal: string or boolean expected, got number", "{}")
    config 'return { work = { mode = "fast" } }'
    fails("gateway 'work': base_url is missing", "{}")
    config 'return { default = "wrok", work = { base_url = "https://w.example" } }'
    fails("default = 'wrok': there is no such gateway", "{}")
    config(TWO)
    fails("mj.client: unknown gateway 'wrok' (did you mean 'work'?); there are home, work",
      " 'wrok'")
    os.remove(file)
    fails(("gateway 'work': there is no file %s that names it"):format(file), " 'work'")
    fails(("or name it in %s"):format(file), "{}")
  end)

  it("is data: nothing is in its reach, and it ends", function()
    for text, what in pairs {
      ["while true do end"] = "does not come to an end",
      ["local function f() return f() end return f()"] = "does not come to an end",
      ["return { work = { base_url = os.getenv 'X' } }"] = "global 'os'",
      ["return 1"] = "has to return a table",
      ["return {"] = "expected",
      ["\27Lua"] = "bytecode",
      ["return { { base_url = 'https://x' } }"] = "needs a name",
      [("-"):rep(300000)] = "more than",
    } do
      config(text)
      fails(what, "{}")
    end
  end)

  it("gives its way to the simulator", function()
    config(TWO)
    local status, out, err = says("print(mj.client 'work')", "", "--sim")
    assert.same({ 0, "" }, { status, err })
    assert.truthy(out:find "^mj.client http://127.0.0.1:%d+ %(key sk%-…", out)
  end)

  it("says which variable or gateway a wrong value is from", function()
    local before = "MJ_BASE_URL=https://env.example "
    fails("(from MJ_MODE)", "{}", before .. "MJ_MODE=quick")
    fails("(from MJ_DIALECT)", "{}", before .. "MJ_DIALECT=klingon")
    fails("MJ_TIMEOUT: a number expected, got 'soon'", "{}", before .. "MJ_TIMEOUT=soon")
    fails("MJ_POLL: seconds like 2,4,8 expected", "{}", before .. "MJ_POLL=2,x")
    fails("MJ_STRICT: yes or no expected", "{}", before .. "MJ_STRICT=perhaps")
    config 'return { work = { base_url = "https://w.example", mode = "quick" } }'
    fails(("(from %s, gateway 'work')"):format(file), "{}")
    fails("(from MJ_MODE)", "{}", "MJ_MODE=slow")
    fails("mode: fast, relax or turbo expected, got slow\n", "{ mode = 'slow' }", "MJ_MODE=fast")
  end)

  it("is found where MJ_CONFIG says", function()
    run.spit(folder .. "/other.lua", 'return { x = { base_url = "https://x.example" } }')
    client("https://x.example (no key)", "{}", ("MJ_CONFIG=%s/other.lua"):format(folder))
  end)
end)
