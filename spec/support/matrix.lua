-- SPDX-License-Identifier: MIT
-- What each gateway of the /mj family can do, as a table: a row is one thing to
-- try, a cell what came of it on the simulator's profile.  doc/gateways.md holds
-- the table; spec/gateways_spec.lua makes it anew and compares.

local mj = require "mj"
local sim = require "mj.sim"

local matrix = {}

matrix.profiles = { "new-api", "novicezk", "plus", "trueai" }

-- How it is known that the gateway does so too: "s" its source was read, "d" its
-- documents say so, "-" only the simulator shows it.
matrix.known = { ["new-api"] = "s", novicezk = "s", plus = "d", trueai = "s" }
matrix.known_else = {
  -- depends on the proxy behind it
  ["describe an address"] = { ["new-api"] = "-", plus = "-" },
  -- whose CDN it is, is up to the installation
  ["save the picture"] = { novicezk = "-", plus = "-", trueai = "-" },
}

local function await(job)
  return job:await { timeout = 30 }
end

-- A picture, for whatever wants one; another for another size.
local function picture(size)
  size = size or 64
  return mj.bytes(require("mj.image").mask {
    width = size, height = size, rects = { { 0, 0, 32, 32 } },
  })
end

local shapes = { rects = { { 0, 0, 100, 100 } } }

local function mask_of(task)
  return mj.mask(task, shapes)
end

-- Finished tasks to build on, made once for each gateway.
local function parent(world, name)
  if not world[name] then
    if name == "grid" then
      world.grid = assert(await(world.client:imagine "black cat --ar 3:2"))
    else
      world.big = assert(await(parent(world, "grid"):click "upscale:1"))
    end
  end
  return world[name]
end

local function clicking(from, button, opts)
  return function(world)
    local task = parent(world, from)
    return await(task:click(button, type(opts) == "function" and opts(task) or opts))
  end
end

matrix.rows = {
  { "imagine", "submit/imagine", function(w)
    return await(w.client:imagine "white cat")
  end },
  { "imagine with a picture", "submit/imagine", function(w)
    return await(w.client:imagine { prompt = "white cat", images = picture() })
  end },
  { "blend", "submit/blend", function(w)
    return await(w.client:blend { images = { picture(), picture() }, dimensions = "portrait" })
  end },
  { "describe", "submit/describe", function(w)
    local task, err = await(w.client:describe(picture()))
    if task and #task.prompts ~= 4 then
      return nil, ("%d prompts"):format(#task.prompts)
    end
    return task, err
  end },
  { "describe an address", "submit/describe", function(w)
    return await(w.client:describe(parent(w, "grid").image_url))
  end },
  { "shorten", "submit/shorten", function(w)
    local task, err = await(w.client:shorten "a very very beautiful black cat on a red sofa")
    if task and (#task.prompts == 0 or #task.tokens == 0) then
      return nil, "no prompts or tokens"
    end
    return task, err
  end },
  { "upscale:1", "action or change", clicking("grid", "upscale:1") },
  { "vary:2", "action or change", clicking("grid", "vary:2") },
  { "reroll", "action or change", clicking("grid", "reroll") },
  { "vary:2 with remix", "action and modal",
    clicking("grid", "vary:2", { prompt = "white cat", remix = true }) },
  { "upscale:subtle", "submit/action", clicking("big", "upscale:subtle") },
  { "vary:strong", "submit/action", clicking("big", "vary:strong") },
  { "zoom:2", "submit/action", clicking("big", "zoom:2") },
  { "zoom:1.7 (Custom Zoom)", "action and modal", clicking("big", "zoom:1.7") },
  { "vary:region", "action and modal", clicking("big", "vary:region", function(task)
    return { mask = mask_of(task), prompt = "a hat" }
  end) },
  { "square", "submit/action", clicking("big", "square") },
  { "pan:left", "submit/action", clicking("big", "pan:left") },
  { "animate:low", "submit/action", clicking("big", "animate:low") },
  { "picture of a describe", "action and modal", function(w)
    local task = assert(await(w.client:describe(picture())))
    return await(w.client:click(task, "MJ::Job::PicReader::1"))
  end },
  { "change by its id", "action or change", function(w)
    return await(w.client:change { task = parent(w, "grid").id, action = "UPSCALE", index = 3 })
  end },
  { "simple_change", "action or change", function(w)
    return await(w.client:simple_change(parent(w, "grid").id .. " V4"))
  end },
  { "video", "submit/video", function(w)
    local task, err = await(w.client:video { prompt = "it purrs", image = picture() })
    w.film = task
    if task and not task.video_url then
      return nil, "no video"
    end
    return task, err
  end },
  { "extend a video", "submit/video", function(w)
    if not w.film then
      return nil, "unsupported"
    end
    return await(w.client:video { prompt = "it jumps", task = w.film, index = 2 })
  end },
  { "edit", "submit/edits", function(w)
    return await(w.client:edit { prompt = "a hat", image = picture() })
  end },
  { "retexture", "submit/retexture", function(w)
    return await(w.client:retexture { prompt = "of wood", image = picture() })
  end },
  { "upload", "submit/upload-discord-images", function(w)
    return await(w.client:upload { images = picture() })
  end },
  { "swap_face", "insight-face/swap", function(w)
    return await(w.client:swap_face { source = picture(), target = picture(80) })
  end },
  { "task by its id", "task/{id}/fetch", function(w)
    return await(w.client:task(parent(w, "grid").id))
  end },
  { "list by ids", "task/list-by-condition", function(w)
    local tasks, err = await(w.client:list { ids = { parent(w, "grid").id } })
    if tasks and #tasks ~= 1 then
      return nil, ("%d tasks"):format(#tasks)
    end
    return tasks, err
  end },
  { "list", "task/list", function(w)
    parent(w, "grid")
    local tasks, err = await(w.client:list())
    if tasks and #tasks == 0 then
      return nil, "an empty list"
    end
    return tasks, err
  end },
  { "queue", "task/queue", function(w)
    return await(w.client:queue())
  end },
  { "seed", "task/{id}/image-seed", function(w)
    return parent(w, "grid"):seed { timeout = 30 }
  end },
  { "cancel", "task/{id}/cancel", function(w)
    local job = w.client:imagine "sim:slow black cat"
    local id, err = job:id(30)
    if not id then
      return nil, err
    end
    local task
    task, err = await(w.client:_cancel(id))
    job:cancel()
    return task, err
  end },
  { "save the picture", "image_url", function(w)
    return parent(w, "big"):bytes()
  end },
}

-- The generate family, which has verbs and ways of its own.
local function clicking_first(button, opts)
  return function(w)
    return await(parent(w, "grid"):click(button, opts))
  end
end

local function refused(verb, opts)
  return function(w)
    return await(w.client:submit(verb, opts()))
  end
end

local function with_picture()
  return { image = picture(), prompt = "a hat" }
end

-- The last column: what is behind the letter in doc/gateways.md.
matrix.generate_rows = {
  { "imagine", "text-to-image", "d", function(w)
    return await(w.client:imagine { prompt = "white cat", aspect = "3:2", version = "v7" })
  end },
  { "imagine with the address of a picture", "image-to-image", "d", function(w)
    return await(w.client:imagine {
      prompt = "white cat", images = parent(w, "grid").images[1],
    })
  end },
  { "imagine with a file", "image-to-image", "d", function(w)
    return await(w.client:imagine { prompt = "white cat", images = picture() })
  end },
  { "translate", "text-to-image", "d", function(w)
    return await(w.client:imagine { prompt = "黑猫", translate = true })
  end },
  { "mode turbo", "text-to-image", "d", function(w)
    return await(w.client:imagine { prompt = "white cat", mode = "turbo" })
  end },
  { "mode relax", "", "d", function(w)
    return await(w.client:imagine { prompt = "white cat", mode = "relax" })
  end },
  { "inpaint, with polygons", "upload-paint", "d", function(w)
    return await(w.client:inpaint {
      task = parent(w, "grid"), index = 2, prompt = "a hat",
      mask = { size = { 1024, 1024 }, rects = { { 0, 0, 100, 100 } } },
    })
  end },
  { "inpaint, with a drawn mask", "upload-paint", "d", function(w)
    return await(w.client:inpaint {
      image = parent(w, "grid").images[1], prompt = "a hat", mask = picture(1024),
    })
  end },
  { "U1", "upscale", "d", clicking_first "U1" },
  { 'U2, type "creative"', "upscale", "d", clicking_first("U2", { type = "creative" }) },
  { "U3, type 2", "upscale", "d", clicking_first("U3", { type = 2 }) },
  { 'U4, type "4x"', "upscale", "d", clicking_first("U4", { type = "4x" }) },
  { "V1", "vary", "d", clicking_first "V1" },
  { 'V2, strength "strong"', "vary", "-", clicking_first("V2", { strength = "strong" }) },
  { "V2 with a prompt", "vary", "d", clicking_first("V2", { prompt = "at night" }) },
  { "reroll of its own task", "as it was", "d", clicking_first "reroll" },
  { "reroll of another client's task", "", "d", function(w)
    return await(w.client:click("task_abc123xyz789", "reroll"))
  end },
  { "buttons of an upscaled picture but reroll", "", "d", clicking("big", "vary:strong") },
  { "generate: outpaint, not enabled", "outpaint", "-", function(w)
    return await(w.client:generate { input = {
      mode = "outpaint", taskId = parent(w, "grid").id, imageIndex = 0,
    } })
  end },
  { "task by its id", "statusTask", "d", function(w)
    return await(w.client:task(parent(w, "grid").id))
  end },
  { "save the picture", "resultUrls", "-", function(w)
    return parent(w, "big"):bytes()
  end },
  { "blend", "", "d", refused("blend", function()
    return { images = { picture(), picture() } }
  end) },
  { "describe", "", "d", refused("describe", function()
    return { image = picture() }
  end) },
  { "shorten", "", "d", refused("shorten", function()
    return { prompt = "a very black cat" }
  end) },
  { "video", "", "d", refused("video", with_picture) },
  { "edit", "", "d", refused("edit", with_picture) },
  { "retexture", "", "d", refused("retexture", with_picture) },
  { "upload", "", "d", refused("upload", function()
    return { images = picture() }
  end) },
  { "swap_face", "", "d", refused("swap_face", function()
    return { source = picture(), target = picture(80) }
  end) },
  { "list", "", "d", function(w)
    return await(w.client:list())
  end },
  { "queue", "", "d", function(w)
    return await(w.client:queue())
  end },
  { "seed", "", "d", function(w)
    return parent(w, "grid"):seed { timeout = 30 }
  end },
  { "cancel", "", "d", function(w)
    return await(w.client:_cancel(parent(w, "grid").id))
  end },
}

local function cell(result, err)
  if result then
    return "yes"
  end
  return type(err) == "table" and err.code or tostring(err)
end

-- The cells of one profile, in the order of the rows.
function matrix.column(profile, rows)
  local gateway = assert(sim.start { profile = profile, clock = 2000, seed = 1, key = "sk-CANARY" })
  local world = {
    client = assert(mj.client {
      base_url = gateway.url, api_key = "sk-CANARY", poll = { first = 0.01, every = 0.01 },
    }),
  }
  local cells = {}
  for i, row in ipairs(rows or matrix.rows) do
    local ok, result, err = pcall(row[#row], world)
    cells[i] = ok and cell(result, err) or cell(nil, result)
  end
  world.client:close()
  gateway:close()
  return cells
end

local function label(row, profile)
  local else_known = matrix.known_else[row[1]]
  return else_known and else_known[profile] or matrix.known[profile]
end

-- The whole table as Markdown.
function matrix.markdown()
  local columns, lines = {}, {}
  local head, rule = "| what | route |", "|---|---|"
  for i, profile in ipairs(matrix.profiles) do
    columns[i] = matrix.column(profile)
    head = ("%s %s |"):format(head, profile)
    rule = rule .. "---|"
  end
  lines[1], lines[2] = head, rule
  for i, row in ipairs(matrix.rows) do
    local line = ("| %s | %s |"):format(row[1], row[2])
    for k in ipairs(matrix.profiles) do
      line = ("%s %s (%s) |"):format(line, columns[k][i], label(row, matrix.profiles[k]))
    end
    lines[#lines + 1] = line
  end
  return table.concat(lines, "\n") .. "\n", columns
end

-- The generate family's, likewise.
function matrix.generate_markdown()
  local cells = matrix.column("generate", matrix.generate_rows)
  local lines = { "| what | on the wire | generate |", "|---|---|---|" }
  for i, row in ipairs(matrix.generate_rows) do
    lines[#lines + 1] = ("| %s | %s | %s (%s) |"):format(row[1], row[2], cells[i], row[3])
  end
  return table.concat(lines, "\n") .. "\n", cells
end

return matrix
