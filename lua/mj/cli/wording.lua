-- SPDX-License-Identifier: MIT
-- The module speaks of fields, to who writes a script; who typed a command wants to
-- hear of what can be typed.  Pure.

local wording = {}

-- The field of an error -> the argument that it came from, where its name is another.
local from = {
  aspect = "ar", deadline = "timeout", prices = "price", areas = "rect", images = "image",
}

-- What usage calls arguments that have no option in front.
local placed = {
  prompt = "PROMPT", images = "PICTURE", image = "PICTURE", source = "FACE", target = "PICTURE",
  task = "TASK", id = "TASK", button = "BUTTON",
}

local function is_given(value)
  return value ~= nil and (type(value) ~= "table" or #value > 0)
end

-- What was typed for a field; nil: nothing was.
local function typed(field, args, places)
  if places[field] or (field == "task" and places.id) then
    return placed[field]
  elseif field == "version" and is_given(args.niji) then
    return "option '--niji'"
  end
  local name = from[field] or field
  if is_given(args[field]) or is_given(args[name]) then
    return ("option '--%s'"):format((name:gsub("_", "-")))
  end
end

local phrases = {
  { "; give a path, http%(s%) address, data: URI or mj%.bytes",
    "; give a path, an http(s) address or a data: URI" },
  { 'add prices = { %["([^"]*)"%] = %.%.%. } %(0 where it costs nothing%), or one for default',
    "add --price %1=AMOUNT (0 where it costs nothing), or --price default=AMOUNT" },
  { "%(dialect and auth can also be given%)", "(--dialect and MJ_AUTH can say it, too)" },
  { "; put it into allow_hosts if you trust it", "; MJ_ALLOW_HOSTS has it, if you trust it" },
  { "the key is api_key", "the key is MJ_API_KEY" },
  { "; check api_key, and auth = ", "; check MJ_API_KEY, and MJ_AUTH: " },
  { "; client:budget{limit=} raises it", "; a larger --budget lets it" },
  { "given as a field, and as ", "given as an option, and as " },
}

-- The module's words as those of a command with these arguments; places: the set of
-- those that stand without an option.
function wording.of(text, args, places)
  text = text:gsub("^[^ ]*%.lua:%d+: ", ""):gsub("^mj%.client: ", "")
    :gsub('^client:[%w_]+ "[%w_]+": ', ""):gsub("^client:[%w_]+: ", "")
  local field, rest = text:match "^field '([%a_]+)[^']*': (.*)$"
  if not field then
    field, rest = text:match "^([%a_]+): (.*)$"
  end
  local what, source = (rest or ""):match "^(.*) %(from (MJ_[A-Z_]+)%)$"
  local name = source or (field and typed(field, args, places))
  if name then
    text = ("%s: %s"):format(name, what or rest)
  end
  for _, phrase in ipairs(phrases) do
    text = text:gsub(phrase[1], phrase[2])
  end
  local address = args.base_url and "--base-url" or not args.gateway and "MJ_BASE_URL"
  return address and (text:gsub("%f[%w_]base_url%f[^%w_]", address)) or text
end

return wording
