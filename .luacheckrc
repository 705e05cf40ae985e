-- lua/ runs on 5.1 to 5.4: nothing but what all of them have, and a few names
-- that are asked for by hand.
std = "min"
max_line_length = 100
read_globals = {
  "unpack",
  table = { fields = { "unpack", "pack" } },
  coroutine = { fields = { "isyieldable" } },
}
files["lua/mj/main.lua"] = { std = "lua54" }
files["lua/mj/cli"] = { std = "lua54" }
files["spec"] = { std = "max+busted" }
files["examples"] = { std = "max" }
exclude_files = { "build*", "luarocks", "lua_modules" }
