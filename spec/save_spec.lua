-- SPDX-License-Identifier: MIT
-- Pictures: their bytes, their files, the files' names.

local cjson = require "cjson"
local helper = require "helper"
local mj = require "mj"
local save = require "mj.save"

describe("save", function()
  local folder

  before_each(function()
    helper.before_each()
    folder = helper.folder()
  end)
  after_each(function()
    helper.remove(folder)
    helper.after_each()
  end)

  local function finished(fields, before)
    local list = before or {}
    list[#list + 1] = { match = "/fetch", body = helper.task(fields) }
    local client, world = helper.script(helper.gateway(list))
    return assert(client:task("77"):await()), world, client
  end

  it("writes the picture where it is told, and makes folders", function()
    local task = finished()
    local paths = assert(task:save(folder .. "/a/b/cat.png"))
    assert.same({ folder .. "/a/b/cat.png" }, { paths[1], paths[2] })
    assert.equal(folder .. "/a/b/cat.png", tostring(paths))
    assert.equal(helper.PNG, helper.slurp(paths[1]))
  end)

  it("sends no key to where pictures live", function()
    local task, world = finished()
    assert(task:bytes())
    local requests = world:requests()
    local last = requests[#requests]
    assert.is_true(last.foreign)
    assert.is_nil(last.headers.Authorization)
    assert.is_nil(last.headers["mj-api-secret"])
  end)

  it("fills the template", function()
    local task = finished { prompt = "Black cat, 4k!" }
    local paths = assert(task:save(folder .. "/{id}/{prompt}-{prompt:5}-{n}.{ext}"))
    assert.equal(folder .. "/77/Black-cat-4k-Black-1.png", tostring(paths))
  end)

  it("takes the extension from the bytes, not from the server", function()
    local task = finished(nil, {
      { match = "/mj/image/", body = helper.JPEG, content_type = "text/html" },
    })
    assert.matches("/77%.jpg$", tostring(assert(task:save(folder .. "/"))))
    for bytes, extension in pairs {
      [helper.PNG] = "png",
      [helper.JPEG] = "jpg",
      ["RIFF1234WEBPVP8 "] = "webp",
      ["GIF89a"] = "gif",
      ["\0\0\0\24ftypmp42"] = "mp4",
      ["\26\69\223\163"] = "webm",
      ["<html>"] = "bin",
      [""] = "bin",
    } do
      assert.equal(extension, save.extension(bytes))
    end
  end)

  it("saves the videos of a film, and not its poster", function()
    local film = "\0\0\0\24ftypisom film "
    local task = finished({
      action = "VIDEO", imageUrl = helper.BASE .. "/mj/image/poster",
      videoUrls = { { url = helper.BASE .. "/v/1" }, { url = helper.BASE .. "/v/2" },
        { url = helper.BASE .. "/v/1" } },
    }, {
      { match = "/v/1", body = film .. 1, ["repeat"] = true },
      { match = "/v/2", body = film .. 2, ["repeat"] = true },
    })
    local paths = assert(task:save(folder .. "/{id}"))
    assert.same({ folder .. "/77-1.mp4", folder .. "/77-2.mp4" }, { paths[1], paths[2], paths[3] })
    assert.equal(film .. 2, helper.slurp(paths[2]))
    assert.equal(film .. 1, (task:bytes()))
  end)

  it("saves several pictures into several files", function()
    local urls = {}
    for i = 1, 3 do
      urls[i] = { url = helper.BASE .. "/mj/image/" .. i, thumbnail = "" }
    end
    local replies = {}
    for i = 1, 3 do
      replies[i] = { match = "/mj/image/" .. i, body = helper.PNG .. i, delay = 4 - i, times = 9 }
    end
    local task = finished({ imageUrls = urls, imageUrl = cjson.null }, replies)
    assert.equal(3, #task.images)
    local paths = assert(task:save(folder .. "/cat.png"))
    assert.equal(3, #paths)
    for i = 1, 3 do
      assert.equal(("%s/cat-%d.png"):format(folder, i), paths[i])
      assert.equal(helper.PNG .. i, helper.slurp(paths[i]))
    end
    assert.equal(table.concat(paths, "\n"), tostring(paths))
    assert.equal(folder .. "/2-of.png", assert(task:save(folder .. "/{n}-of.{ext}"))[2])
    assert.equal(helper.PNG .. "2", task:bytes(2))
    local bytes, e = task:bytes(4)
    assert.is_nil(bytes)
    assert.equal("not_found", e.code)
  end)

  it("leaves a file alone that is there, if it is told to", function()
    local task = finished()
    local name = folder .. "/cat.png"
    local file = assert(io.open(name, "wb"))
    file:write "mine"
    file:close()
    local paths = assert(task:save(name, { replace = false }))
    assert.same({ folder .. "/cat-2.png", name }, { paths[1], paths.instead_of[1] })
    assert.equal(helper.PNG, helper.slurp(paths[1]))
    -- what is there is this picture: a kill came between its name and its note
    paths = assert(task:save(name, { replace = false }))
    assert.equal(folder .. "/cat-2.png", paths[1])
    file = assert(io.open(paths[1], "ab"))
    file:write "x"
    file:close()
    paths = assert(task:save(name, { replace = false }))
    assert.equal(folder .. "/cat-3.png", paths[1])
    assert.equal("mine", helper.slurp(name))
    assert.is_nil(assert(task:save(folder .. "/new.png", { replace = false })).instead_of)
    paths = assert(task:save(name))
    assert.same({ name, helper.PNG }, { paths[1], helper.slurp(name) })
    -- a folder, or a link that leads nowhere, has the name, too
    assert.equal(0, (os.execute(("mkdir %s/d.png; ln -s nowhere %s/l.png"):format(folder, folder))
      and 0))
    assert.equal(folder .. "/d-2.png", assert(task:save(folder .. "/d.png",
      { replace = false }))[1])
    assert.equal(folder .. "/l-2.png", assert(task:save(folder .. "/l.png",
      { replace = false }))[1])
    assert.has_error(function()
      task:save(name, { replace = "no" })
    end, "task:save: field 'replace': boolean expected, got string")
  end)

  it("lets nothing from outside become a path", function()
    local task = finished { prompt = "../../etc/passwd\n$(reboot)", id = "77" }
    local paths = assert(task:save(folder .. "/x-{prompt:60}.{ext}"))
    assert.equal(folder .. "/x-etc-passwd-reboot.png", tostring(paths))
    for text, clean in pairs {
      ["../../x"] = "x",
      ["..."] = "picture",
      [""] = "picture",
      ["黑猫"] = "picture",
      ["-rf"] = "rf",
      [".hidden"] = "hidden",
      ["a/b\\c"] = "a-b-c",
      ["A_b-1.2"] = "A_b-1.2",
    } do
      assert.equal(clean, save.clean(text))
    end
    assert.equal("abc", save.clean("abcdef", 3))
  end)

  it("knows its placeholders", function()
    local task = finished()
    assert.has_error(function()
      task:save(folder .. "/{promt}.png")
    end, "task:save: unknown placeholder 'promt' (did you mean 'prompt'?)")
    assert.has_error(function()
      task:save(7)
    end, "task:save: path expected, got number")
  end)

  it("says when there is no picture", function()
    local task = finished { imageUrl = cjson.null }
    local paths, e = task:save(folder .. "/x.png")
    assert.is_nil(paths)
    assert.equal("not_found", e.code)
    assert.equal(task, e.task)
    local bytes
    bytes, e = task:bytes()
    assert.is_nil(bytes)
    assert.equal("not_found", e.code)
  end)

  it("tells an address that has run out from other trouble", function()
    local task = finished(nil, {
      { match = "/mj/image/", http = 403, body = "This content is no longer available." },
    })
    local paths, e = task:save(folder .. "/x.png")
    assert.is_nil(paths)
    assert.equal("expired", e.code)
    assert.equal(403, e.http_status)
    assert.is_nil(io.open(folder .. "/x.png"))
  end)

  it("says when the file cannot be written", function()
    local task = finished()
    local file = assert(io.open(folder .. "/file", "w"))
    file:close()
    local paths, e = task:save(folder .. "/file/x.png")
    assert.is_nil(paths)
    assert.equal("resource", e.code)
    assert.equal(0, mj.pending())
  end)

  it("has a timeout for all of it", function()
    local task, world = finished(nil, { { match = "/mj/image/", body = "x", delay = 60 } })
    local start = world:now()
    local paths, e = task:save(folder .. "/x.png", { timeout = 5 })
    assert.is_nil(paths)
    assert.equal("timeout", e.code)
    assert.near(5, world:now() - start, 0.01)
    assert.equal(0, mj.pending())
    local bytes
    bytes, e = task:bytes(1, { timeout = 0 })
    assert.is_nil(bytes)
    assert.equal("timeout", e.code)
  end)

  it("gives bytes and their type", function()
    local bytes, content_type = finished():bytes(1, { timeout = 30 })
    assert.equal(helper.PNG, bytes)
    assert.equal("image/png", content_type)
  end)

  it("refuses a path with a NUL byte, at the caller's line, before the download", function()
    local task, world = finished()
    local before = #world:requests()
    local ok, e = pcall(function()
      task:save(folder .. "/a\0b.png")
    end)
    assert.is_false(ok)
    assert.matches("save_spec.lua:%d+: task:save: the path contains a NUL byte", e)
    mj.step(0)
    assert.equal(before, #world:requests())
    assert.equal(0, mj.pending())
  end)

  it("knows a picture whose end is missing", function()
    local whole = require("mj.save").is_whole
    local png = "\137PNG\r\n\26\n\0\0\0\13IHDR" .. ("x"):rep(40) .. "\0\0\0\0IEND\174B`\130"
    local jpeg = "\255\216\255\224\0\16JFIF" .. ("x"):rep(40) .. "\255\217"
    local webp = "RIFF\44\0\0\0WEBPVP8 " .. ("x"):rep(36)
    for _, picture in ipairs { png, jpeg, webp } do
      assert.is_true(whole(picture))
      assert.is_false(whole(picture:sub(1, -20)))
    end
    assert.is_true(whole "bytes that nobody knows")
  end)

  it("does not save half a picture", function()
    local half = "\137PNG\r\n\26\n\0\0\0\13IHDR" .. ("x"):rep(40)
    local client = helper.script {
      { match = "POST", body = helper.accepted() },
      { match = "/fetch", body = helper.task(), ["repeat"] = true },
      { match = "/mj/image/", body = half, ["repeat"] = true },
    }
    local task = assert(client:imagine("cat"):await())
    local place = helper.folder()
    for _, get in ipairs { "save", "bytes" } do
      local got, e = task[get](task, get == "save" and place .. "/cat.png" or 1)
      assert.is_nil(got)
      assert.equal("protocol", e.code)
      assert.is_true(e.retryable)
    end
    assert.is_nil(io.open(place .. "/cat.png"))
    helper.remove(place)
  end)
end)
