# SPDX-License-Identifier: MIT
# cmake -DROOT=lua -DOUT=file.c -P embed.cmake: the Lua files under ROOT as text in a C file.
file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/mj/*.lua)
list(SORT files)
set(arrays "")
set(rows "")
set(n 0)
foreach(file IN LISTS files)
  file(READ ${ROOT}/${file} hex HEX)
  string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
  string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
  string(REGEX REPLACE "\\.lua$" "" module ${file})
  string(REGEX REPLACE "/init$" "" module ${module})
  string(REPLACE "/" "." module ${module})
  string(APPEND arrays "/* ${file} */\nstatic const unsigned char f${n}[] = {\n${hex}0};\n")
  string(APPEND rows "  {\"${module}\", \"@${file}\", f${n}, sizeof f${n} - 1},\n")
  math(EXPR n "${n} + 1")
endforeach()
file(WRITE ${OUT}
  "/* Made by cmake/embed.cmake from the files under lua/. */\n"
  "#include \"mjlua.h\"\n\n${arrays}\n"
  "const struct mjlua_file mjlua_files[] = {\n${rows}  {0, 0, 0, 0}};\n")
