-- SPDX-License-Identifier: MIT
-- Names of files for pictures.  What comes from outside (an id, a prompt) never
-- becomes more of a path than a piece of a name.

local option = require "mj.option"
option.mine()

local save = {}

local magic = {
  { "^\137PNG\r\n", "png" },
  { "^\255\216\255", "jpg" },
  { "^RIFF....WEBP", "webp" },
  { "^GIF8", "gif" },
  { "^....ftypavif", "avif" },
  { "^....ftyp", "mp4" },
  { "^\026\069\223\163", "webm" },
}

-- The extension that the bytes themselves ask for, never the address.
function save.extension(bytes)
  for _, known in ipairs(magic) do
    if bytes:sub(1, 16):find(known[1]) then
      return known[2]
    end
  end
  return "bin"
end

-- False for a PNG, JPEG or WebP of which the end is missing: some proxies cut
-- what they pass on and call it all.  Other bytes are not known well enough.
function save.is_whole(bytes)
  if bytes:find "^\137PNG\r\n\026\n....IHDR" then
    return bytes:find("IEND", -12, true) ~= nil
  elseif bytes:find "^\255\216\255...JFIF" or bytes:find "^\255\216\255...Exif" then
    return bytes:find("\255\217", -64, true) ~= nil
  elseif bytes:find "^RIFF....WEBPVP8" then
    local a, b, c, d = bytes:byte(5, 8)
    return #bytes >= 8 + a + 256 * (b + 256 * (c + 256 * d))
  end
  return true
end

-- Letters, digits, dot, underscore and hyphen; no dot or hyphen in front.
function save.clean(text, most)
  local clean = text:gsub("[^A-Za-z0-9._-]+", "-"):gsub("^[.-]+", "")
  if most then
    clean = clean:sub(1, most)
  end
  clean = clean:gsub("[.-]+$", "")
  return clean == "" and "picture" or clean
end

local placeholders = { id = true, n = true, ext = true, prompt = true }

-- {id} {n} {ext} {prompt:40}
local function fill(template, fields)
  return (template:gsub("{(%a+):?(%d*)}", function(name, most)
    if not placeholders[name] then
      option.unknown("task:save", "placeholder", name, placeholders)
    end
    return save.clean(tostring(fields[name]), tonumber(most))
  end))
end

-- The template with what was left out: a name, a number, an extension.
local function completed(template, count)
  if template == "" or template:find "/$" then
    template = template .. "{id}.{ext}"
  end
  local folder, name = template:match "^(.-)([^/]*)$"
  if not name:find(".", 1, true) then
    name = name .. ".{ext}"
  end
  if count > 1 and not (folder .. name):find("{n}", 1, true) then
    local stem, extension = name:match "^(.*)(%.[^.]*)$"
    name = stem .. "-{n}" .. extension
  end
  return folder .. name
end

-- The path of picture n of `count`, whose bytes, or their extension, are known.
function save.path(template, task, n, count, bytes, extension)
  return fill(completed(template, count), {
    id = task.id or "task",
    n = n,
    ext = extension or save.extension(bytes),
    prompt = task.prompt or task.final_prompt or "",
  })
end

-- The k-th name like that: "out/cat.png", 2 -> "out/cat-2.png".
function save.another(path, k)
  local folder, name = path:match "^(.-)([^/]*)$"
  local stem, ending = name:match "^(.+)(%.[^.]*)$"
  return ("%s%s-%d%s"):format(folder, stem or name, k, ending or "")
end

-- Which of the names like `path` the file is that was saved as `file` (from the root on).
function save.known_as(path, file)
  local k = file:match "%-(%d+)%.?[^./]*$"
  local another = k and save.another(path, tonumber(k))
  local name = another and another:match "[^/]*$"
  return name and file:match "[^/]*$" == name and another or path
end

local paths_mt = { __name = "mj.paths" }
paths_mt.__tostring = function(self)
  return table.concat(self, "\n")
end

-- The list that task:save returns; prints as its paths.
function save.paths(list)
  return setmetatable(list, paths_mt)
end

return save
