# SPDX-License-Identifier: MIT
# The interpreter: Lua 5.4, mj.core, lua/mj/*.lua as text, lua-cjson where its static library is.
pkg_check_modules(LIBLUA54 REQUIRED IMPORTED_TARGET lua5.4)

file(GLOB_RECURSE MJ_LUA_FILES CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/lua/mj/*.lua)
add_custom_command(
  OUTPUT ${CMAKE_CURRENT_BINARY_DIR}/mjlua_files.c
  COMMAND ${CMAKE_COMMAND} -DROOT=${PROJECT_SOURCE_DIR}/lua
          -DOUT=${CMAKE_CURRENT_BINARY_DIR}/mjlua_files.c
          -P ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
  DEPENDS ${MJ_LUA_FILES} ${PROJECT_SOURCE_DIR}/cmake/embed.cmake
  VERBATIM)

include(CheckPIESupported)
check_pie_supported()
add_executable(mjlua csrc/mjlua.c csrc/mjlua_co.c csrc/mjlua_file.c csrc/mjlua_signal.c
  csrc/mjlua_sandbox.c csrc/mjlua_below.c
  ${CMAKE_CURRENT_BINARY_DIR}/mjlua_files.c)
target_include_directories(mjlua PRIVATE csrc)
target_compile_definitions(mjlua PRIVATE
  MJLUA_VERSION="${PROJECT_VERSION}"
  MJLUA_MODULES="${CMAKE_INSTALL_FULL_LIBDIR}/lua/5.4/?.so")
if(MJ_TESTS)
  target_compile_definitions(mjlua PRIVATE MJLUA_DEBUGGABLE)
endif()
target_link_libraries(mjlua PRIVATE mj_core_lua_static mj_static PkgConfig::LIBLUA54 mj_flags)
set_target_properties(mjlua PROPERTIES ENABLE_EXPORTS ON
  RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})

# What a process can do that has shut itself in.  Sanitizers need more than that.
if(MJ_TESTS AND NOT MJ_SANITIZE AND CMAKE_SYSTEM_NAME STREQUAL Linux)
  mj_test(test_sandbox SOURCES spec/c/test_sandbox.c csrc/mjlua_sandbox.c
    LIBS PkgConfig::LIBLUA54)
endif()

# Without the static library (a rock has none) cjson is found by require.
find_library(MJ_CJSON_STATIC NAMES liblua5.4-cjson.a)
if(MJ_CJSON_STATIC)
  target_compile_definitions(mjlua PRIVATE MJLUA_CJSON)
  target_link_libraries(mjlua PRIVATE ${MJ_CJSON_STATIC} m)
endif()

# Loaded on demand, so that a script that draws and serves nothing pays nothing.
foreach(module mj_httpd_lua mj_image_lua mj_edit_lua)
  if(TARGET ${module})
    add_dependencies(mjlua ${module})
  endif()
endforeach()

install(TARGETS mjlua RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT mjlua)
