-- SPDX-License-Identifier: MIT
-- The words of commands that take a file or a script with its own words behind: options
-- stand in front of the rest, which is left as it is.  Pure.

local option = require "mj.option"

local words = {}

-- takes: option -> "flag" or "value"; --help and -h are known.  Returns options by name
-- (without --) and the place of what follows them; or nil and what is wrong.
function words.parse(command, list, takes)
  local opts, i = {}, 1
  while list[i] and list[i]:find "^%-." do
    local name, value = list[i]:match "^(%-%-[^=]+)=?(.*)$"
    if list[i] == "--" then
      return opts, i + 1
    end
    local kind = name and takes[name] or ((list[i] == "-h" or name == "--help") and "flag")
    if not kind then
      local near = option.nearest(name or list[i], takes)
      return nil, ("%s: unknown option '%s'%s; --help shows how"):format(command, list[i],
        near and ("; did you mean '%s'"):format(near) or "")
    end
    local given = list[i]:find("=", 1, true) ~= nil
    if kind == "flag" and given then
      return nil, ("%s: option '%s' takes no value; --help shows how"):format(command, name)
    elseif kind == "value" and not given then
      i = i + 1
      value = list[i]
    end
    if kind == "value" and (value == nil or value == "") then
      return nil, ("%s: option '%s' needs a value; --help shows how"):format(command, name)
    end
    opts[kind == "flag" and (name or "--help"):sub(3) or name:sub(3)] = kind == "flag" or value
    i = i + 1
  end
  return opts, i
end

return words
