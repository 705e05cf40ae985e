# SPDX-License-Identifier: MIT
# mj_lua_modules(TARGET NAME SOURCE LIBS...): csrc/lua/SOURCE as the Lua module
# mj.NAME: lib/mj/NAME.so for the Lua that LUA_INCLUDE_DIR belongs to (Debian's
# 5.4 by default), lib51/ and libjit/ for Lua 5.1 and LuaJIT where they are
# installed.  None is linked to a liblua.
function(mj_lua_module_for target include_dirs folder name source)
  add_library(${target} MODULE ${PROJECT_SOURCE_DIR}/csrc/lua/${source})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/csrc)
  target_include_directories(${target} SYSTEM PRIVATE ${include_dirs})
  target_link_libraries(${target} PRIVATE mj_flags ${ARGN})
  target_link_options(${target} PRIVATE -Wl,--exclude-libs,ALL)
  set_target_properties(${target} PROPERTIES PREFIX "" SUFFIX ".so"
    OUTPUT_NAME ${name} LIBRARY_OUTPUT_DIRECTORY ${folder}/mj)
endfunction()

function(mj_lua_modules target name source)
  if(LUA_INCLUDE_DIR)
    set(include_dirs ${LUA_INCLUDE_DIR})
  else()
    pkg_check_modules(LUA54 REQUIRED lua5.4)
    set(include_dirs ${LUA54_INCLUDE_DIRS})
  endif()
  mj_lua_module_for(${target} "${include_dirs}" ${MJ_LIB_DIR} ${name}
    ${source} ${ARGN})
  if(NOT MJ_OTHER_LUAS)
    return()
  endif()
  foreach(other lua5.1:51 luajit:jit)
    string(REPLACE ":" ";" other ${other})
    list(GET other 0 package)
    list(GET other 1 suffix)
    pkg_check_modules(MJ_LUA_${suffix} QUIET ${package})
    if(MJ_LUA_${suffix}_FOUND)
      mj_lua_module_for(${target}${suffix} "${MJ_LUA_${suffix}_INCLUDE_DIRS}"
        ${CMAKE_BINARY_DIR}/lib${suffix} ${name} ${source} ${ARGN})
    endif()
  endforeach()
endfunction()
