# SPDX-License-Identifier: MIT
# Where the Lua parts go.  A rock's build says where its tree has them.
set(MJ_INSTALL_LUADIR ${CMAKE_INSTALL_DATADIR}/lua/5.4 CACHE STRING "Lua files")
set(MJ_INSTALL_LIBDIR ${CMAKE_INSTALL_LIBDIR}/lua/5.4 CACHE STRING "Lua modules in C")

install(DIRECTORY lua/mj DESTINATION ${MJ_INSTALL_LUADIR} COMPONENT lua
  FILES_MATCHING PATTERN "*.lua")
foreach(module mj_core_lua mj_httpd_lua mj_image_lua mj_edit_lua)
  if(TARGET ${module})
    install(TARGETS ${module} LIBRARY DESTINATION ${MJ_INSTALL_LIBDIR}/mj COMPONENT lua)
  endif()
endforeach()
