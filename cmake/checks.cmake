# SPDX-License-Identifier: MIT
# Tests that are not C programs: checks of the sources, Lua specs, other kinds of build.
option(MJ_SUBBUILDS "ctest also builds and tests the other kinds of build" OFF)
option(MJ_LONG "the slow tests too" OFF)

set(scripts ${PROJECT_SOURCE_DIR}/scripts)
set(planted ${PROJECT_SOURCE_DIR}/spec/checks/planted.sh)

# Finalizers in the midst of events, and everything once, inside mjlua: in each
# kind of build, since those with sanitizers see most.
if(TARGET mjlua AND TARGET mj_lmjtest AND TARGET mj_httpd_lua)
  add_test(NAME test_finalizers
    COMMAND mjlua --no-journal --sim=clock=2000,pictures=no spec/finalizer.lua ${MJ_LIB_DIR}
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  add_test(NAME test_smoke COMMAND mjlua --no-journal spec/smoke.lua ${MJ_LIB_DIR}
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(test_finalizers test_smoke PROPERTIES TIMEOUT 120)
endif()

# A sub-build repeats none of this.
if(NOT MJ_SUBBUILDS)
  return()
endif()

# The example in C; its spec runs it.
add_executable(embed examples/embed.c)
target_link_libraries(embed PRIVATE mj_shared mj_flags)
set_target_properties(embed PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})

foreach(check layers banned format lua length paths)
  add_test(NAME check_${check} COMMAND ${scripts}/check-${check} ${PROJECT_SOURCE_DIR})
  add_test(NAME planted_${check} COMMAND ${planted} ${check})
endforeach()
add_test(NAME check_exports
  COMMAND ${scripts}/check-exports ${PROJECT_SOURCE_DIR} $<TARGET_FILE:mj_shared>)
add_test(NAME planted_exports COMMAND ${planted} exports $<TARGET_FILE:mj_shared>)
add_test(NAME check_luacheck COMMAND luacheck --no-color -q
  lua spec examples bench WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})

# A spec, a test: a failure names its file.
function(mj_spec name interpreter prefix)
  add_test(NAME ${prefix}_${name}
    COMMAND busted --lua=${interpreter} ${ARGN} spec/${name}_spec.lua
    WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
  set_tests_properties(${prefix}_${name} PROPERTIES TIMEOUT 300
    ENVIRONMENT "MJ_BUILD=${CMAKE_BINARY_DIR}")
endfunction()

file(GLOB specs CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}/spec
  ${PROJECT_SOURCE_DIR}/spec/*_spec.lua)
# These run mjlua from outside; a hostile collector here would not reach it.
set(outside batch cli command examples journal money progress_screen readme)
if(MJ_LUA)
  foreach(spec IN LISTS specs)
    string(REPLACE "_spec.lua" "" name ${spec})
    mj_spec(${name} lua5.4 lua)
    if(MJ_LONG AND NOT name IN_LIST outside)
      mj_spec(${name} lua5.4 gc)
      set_tests_properties(gc_${name} PROPERTIES
        ENVIRONMENT "MJ_BUILD=${CMAKE_BINARY_DIR};MJ_GC=hard" TIMEOUT 900)
    endif()
  endforeach()
  # The same Lua files, the other Luas.
  foreach(pair lua5.4:lib:mj_lmjtest lua5.1:lib51:mj_lmjtest51 luajit:libjit:mj_lmjtestjit)
    string(REPLACE ":" ";" pair ${pair})
    list(GET pair 0 lua)
    list(GET pair 1 folder)
    list(GET pair 2 module)
    if(TARGET ${module})
      add_test(NAME smoke_${lua}
        COMMAND ${lua} spec/smoke.lua ${CMAKE_BINARY_DIR}/${folder}
        WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
      add_test(NAME finalizers_${lua}
        COMMAND ${lua} spec/finalizer.lua ${CMAKE_BINARY_DIR}/${folder}
        WORKING_DIRECTORY ${PROJECT_SOURCE_DIR})
    endif()
  endforeach()
  add_test(NAME rock COMMAND ${PROJECT_SOURCE_DIR}/spec/rock.sh)
  if(MJ_SERVE AND MJ_IMAGE)
    add_test(NAME demo COMMAND ${scripts}/demo ${CMAKE_BINARY_DIR}-demo/out)
    set_tests_properties(demo PROPERTIES
      ENVIRONMENT "MJ_BUILD_DIR=${CMAKE_BINARY_DIR}-demo" TIMEOUT 600)
  endif()
endif()

# sub_build(NAME TESTS [cmake arguments])
function(sub_build name tests)
  add_test(NAME build_${name}
    COMMAND ${scripts}/sub-build ${CMAKE_BINARY_DIR}-${name} ${tests} ${ARGN})
  set_tests_properties(build_${name} PROPERTIES TIMEOUT 900)
endfunction()

sub_build(core "." -DMJ_LUA=OFF -DMJ_SERVE=OFF -DMJ_IMAGE=OFF)
sub_build(asan "^test_" -DMJ_IMAGE=OFF
  -DCMAKE_BUILD_TYPE=Debug -DMJ_ASAN=ON -DMJ_UBSAN=ON)
if(NOT MJ_LONG) # every point of it is in this build's own test
  set_property(TEST build_asan APPEND PROPERTY ENVIRONMENT MJ_OOM_STEP=11)
endif()

if(MJ_LONG)
  include(${CMAKE_CURRENT_LIST_DIR}/long.cmake)
endif()
