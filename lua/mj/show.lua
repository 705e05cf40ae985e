-- SPDX-License-Identifier: MIT
-- Values as a person reads them at the prompt: value and width -> text.  Pure; it
-- calls no metamethod but __tostring.

local show = {}

local MOST = 40 -- entries of a table
local LOOK = 2000 -- keys that are looked at, to be sorted

-- Text ------------------------------------------------------------------------

-- The columns that a character takes; near enough for what gateways send.
local function columns_of(char)
  local a, b, c, d = char:byte(1, 4)
  local code = a
  if d then
    code = ((a - 240) * 64 + b - 128) * 4096 + (c - 128) * 64 + d - 128
  elseif c then
    code = (a - 224) * 4096 + (b - 128) * 64 + c - 128
  elseif b then
    code = (a - 192) * 64 + b - 128
  end
  if (code >= 0x300 and code <= 0x36f) or (code >= 0x200b and code <= 0x200f)
    or (code >= 0xfe00 and code <= 0xfe0f) then
    return 0
  elseif (code >= 0x1100 and code <= 0x115f) or (code >= 0x2e80 and code <= 0xa4cf)
    or (code >= 0xac00 and code <= 0xd7a3) or (code >= 0xf900 and code <= 0xfaff)
    or (code >= 0xfe30 and code <= 0xfe6f) or (code >= 0xff00 and code <= 0xff60)
    or (code >= 0x1f300 and code <= 0x1faff) or (code >= 0x20000 and code <= 0x3ffff) then
    return 2
  end
  return 1
end

local CHAR = "[%z\1-\127\194-\244][\128-\191]*"

-- Without what a terminal would obey: C0, DEL, C1 (U+0080 to U+009F), bytes that
-- are no UTF-8, and marks that turn the direction of text.
function show.clean(text)
  text = tostring(text):gsub("[%z\1-\8\11-\31\127]", "?")
  text = text:gsub("\194[\128-\159]", "?"):gsub("\226\128[\170-\174]", "?")
  text = text:gsub("\226\129[\166-\169]", "?")
  local out = {}
  local at = 1
  for first, char, last in text:gmatch("()(" .. CHAR .. ")()") do
    if first > at then
      out[#out + 1] = "?"
    end
    local lead = char:byte()
    local size = lead < 128 and 1 or lead < 224 and 2 or lead < 240 and 3 or 4
    out[#out + 1] = #char == size and char or "?"
    at = last
  end
  if at <= #text then
    out[#out + 1] = "?"
  end
  return table.concat(out)
end

function show.columns(text)
  local n = 0
  for char in text:gmatch(CHAR) do
    n = n + columns_of(char)
  end
  return n
end

-- The first `width` columns, with an ellipsis when something was left out.
function show.cut(text, width)
  local n, kept, last = 0, 0, 0
  for char, after in text:gmatch("(" .. CHAR .. ")()") do
    n = n + columns_of(char)
    if n <= width - 1 then
      kept = after - 1
    end
    if n > width then
      return text:sub(1, kept) .. "…"
    end
    last = after - 1
  end
  return text:sub(1, last)
end

local escapes = { ["\n"] = "\\n", ["\t"] = "\\t", ["\r"] = "\\r", ['"'] = '\\"', ["\\"] = "\\\\" }

local function quote(text, width)
  if #text > 8 * width then -- no more of it can be seen
    text = text:sub(1, 8 * width) .. " "
  end
  text = text:gsub('[\n\t\r"\\]', escapes)
  text = show.clean(text)
  return '"' .. show.cut(text, math.max(1, width - 2)) .. '"'
end

-- Things of mj ------------------------------------------------------------------

local function name_of(value)
  local meta = getmetatable(value)
  return type(meta) == "table" and rawget(meta, "__name")
end

local function one_line(value)
  return (show.clean(value):gsub("%s+", " "))
end

local function task_head(task)
  local progress = task.progress and task.status ~= "SUCCESS" and (" %d%%"):format(task.progress)
  return ("task %s %s %s%s"):format(one_line(task.id), one_line(task.action or "?"),
    one_line(task.status or "?"), progress or "")
end

local function add(lines, name, value, width)
  if value and value ~= "" then
    lines[#lines + 1] = show.cut(("  %-8s %s"):format(name, one_line(value)), width)
  end
end

local function show_task(task, width)
  local lines = { show.cut(task_head(task), width) }
  add(lines, "prompt", task.prompt, width)
  add(lines, "failed", task.fail_reason, width)
  for _, url in ipairs(task.images) do
    add(lines, "image", url, width)
  end
  if #task.images == 0 then
    add(lines, "image", task.image_url, width)
  end
  add(lines, "video", task.video_url, width)
  for _, prompt in ipairs(task.prompts) do
    add(lines, "prompt", prompt, width)
  end
  add(lines, "buttons", tostring(task.buttons), width)
  return table.concat(lines, "\n")
end

local function job_head(job)
  local progress = not job:done() and job:progress()
  local text = one_line(tostring(job):gsub("^mj%.", ""))
  return progress and ("%s %d%%"):format(text, progress) or text
end

local function error_head(err)
  return ("%s: %s"):format(one_line(err.code), one_line(err.message))
end

local function show_error(err, width)
  local lines = { error_head(err) } -- not cut: it says what to do
  add(lines, "task", err.task_id, width)
  add(lines, "status", err.http_status, width)
  add(lines, "wait", err.retry_after and ("%g s"):format(err.retry_after), width)
  return table.concat(lines, "\n")
end

-- What it failed with is what is to be known of it.
local function show_job(job, width)
  local _, err = nil, nil
  if job:done() then
    _, err = job:await()
  end
  if name_of(err) ~= "mj.error" then
    return show.cut(job_head(job), width)
  end
  return (job_head(job):gsub("%s*%(ended%)$", "")) .. " failed: " .. show_error(err, width)
end

-- The host, and no part of the key.
local function client_head(client)
  return (one_line(client):gsub("^mj%.", ""):gsub(" %(key .-%)", ""):gsub(" %(no key%)", "")
    :gsub("//[^/]*@", "//"))
end

local heads = {
  ["mj.task"] = task_head, ["mj.job"] = job_head, ["mj.client"] = client_head,
  ["mj.error"] = error_head,
}
local wholes = { ["mj.task"] = show_task, ["mj.error"] = show_error, ["mj.job"] = show_job }

-- Tables ----------------------------------------------------------------------

local words = {}
for word in ([[and break do else elseif end false for function goto if in local nil not or
  repeat return then true until while]]):gmatch "%a+" do
  words[word] = true
end

local function key_text(key)
  if type(key) == "string" then
    if key:find "^[%a_][%w_]*$" and not words[key] then
      return key .. " = "
    end
    return ("[%s] = "):format(quote(key, 40))
  end
  return ("[%s] = "):format(show.clean(tostring(key)))
end

local order = { number = 1, string = 2, boolean = 3 }

local function before(a, b)
  local ta, tb = order[type(a)] or 4, order[type(b)] or 4
  if ta ~= tb then
    return ta < tb
  elseif ta <= 2 then
    return a < b
  end
  return tostring(a) < tostring(b)
end

-- The keys to be shown beside 1 .. n, sorted, and how many there are in all.
local function keys_of(t, n)
  local keys, count = {}, 0
  for key in next, t do
    if not (type(key) == "number" and key >= 1 and key <= n and key % 1 == 0) then
      count = count + 1
      if count <= LOOK then
        keys[count] = key
      end
    end
  end
  table.sort(keys, before)
  return keys, count
end

local function length_of(t)
  local n = 0
  while rawget(t, n + 1) ~= nil do
    n = n + 1
  end
  return n
end

local inner

local function entries(t, width, depth, parents)
  local out, n = {}, length_of(t)
  for i = 1, math.min(n, MOST) do
    out[i] = inner(rawget(t, i), width, depth, parents)
  end
  local keys, count = keys_of(t, n)
  for _, key in ipairs(keys) do
    if #out >= MOST then
      break
    end
    local name = key_text(key)
    out[#out + 1] = name .. inner(rawget(t, key), width - show.columns(name), depth, parents)
  end
  if n + count > #out then
    out[#out + 1] = ("… %d more"):format(n + count - #out)
  end
  return out
end

-- A value within another one: a single line.
function inner(value, width, depth, parents)
  if type(value) == "string" then
    return quote(value, math.max(12, width))
  elseif type(value) ~= "table" then
    return one_line(value)
  end
  local meta = getmetatable(value)
  if heads[name_of(value)] then
    return heads[name_of(value)](value)
  elseif type(meta) == "table" and rawget(meta, "__tostring") then
    return one_line(value)
  elseif next(value) == nil then
    return "{}"
  elseif parents[value] then
    return "{ … itself }"
  elseif depth == 0 then
    return "{ … }"
  end
  parents[value] = true
  local text = "{ " .. table.concat(entries(value, width, depth - 1, parents), ", ") .. " }"
  parents[value] = nil
  return text
end

local function show_table(t, width)
  if next(t) == nil then
    return "{}"
  end
  local list = entries(t, width - 3, 1, { [t] = true })
  local line = "{ " .. table.concat(list, ", ") .. " }"
  if #list <= MOST + 1 and show.columns(line) <= width then
    return line
  end
  for i, text in ipairs(list) do
    list[i] = "  " .. show.cut(text, width - 3) .. (text:find "^… %d" and "" or ",")
  end
  return "{\n" .. table.concat(list, "\n") .. "\n}"
end

-- One value; a string is shown as it is.
function show.value(value, width)
  width = math.max(20, width or 80)
  local name = name_of(value)
  if wholes[name] then
    return wholes[name](value, width)
  elseif heads[name] then
    return show.cut(heads[name](value), width)
  elseif type(value) == "table" then
    local meta = getmetatable(value)
    if not (type(meta) == "table" and rawget(meta, "__tostring")) then
      return show_table(value, width)
    end
  end
  return show.clean(value)
end

-- Several, as print has them; what takes lines has them for itself.
function show.values(width, ...)
  local out, rows = {}, false
  for i = 1, select("#", ...) do
    out[i] = show.value((select(i, ...)), width)
    rows = rows or out[i]:find "\n" ~= nil
  end
  return table.concat(out, rows and "\n" or "\t")
end

-- What became of a job that nobody waited for, in a line.
function show.ended(job, task, err, width)
  local text = job_head(job):gsub("%s*%(ended%)$", "")
  local what
  if name_of(task) == "mj.task" then
    what = ("%s%s"):format(one_line(task.status or "?"),
      task.prompt and (" " .. quote(task.prompt, 30)) or "")
    if not text:find(task.id, 1, true) then
      text = ("%s %s"):format(text, one_line(task.id))
    end
  else
    what = err and error_head(err) or "done"
  end
  return show.cut(("%s: %s"):format(text, what), width)
end

return show
