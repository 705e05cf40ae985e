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

# What fills the machine by itself: one at a time, beside tests that wait.
function(compiles name)
  set_tests_properties(${name} PROPERTIES PROCESSORS 2 RESOURCE_LOCK compiler)
endfunction()

# The example in C; its spec runs it.
add_executable(embed examples/embed.c)
target_link_libraries(embed PRIVATE mj_shared mj_flags)
set_target_properties(embed PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR})

foreach(check layers banned format lua luacheck length paths docs rows)
  add_test(NAME check_${check} COMMAND ${scripts}/check-${check} ${PROJECT_SOURCE_DIR})
  add_test(NAME planted_${check} COMMAND ${planted} ${check})
endforeach()
add_test(NAME check_exports
  COMMAND ${scripts}/check-exports ${PROJECT_SOURCE_DIR} $<TARGET_FILE:mj_shared>)
add_test(NAME planted_exports COMMAND ${planted} exports $<TARGET_FILE:mj_shared>)
add_test(NAME check_static COMMAND ${scripts}/check-static ${CMAKE_BINARY_DIR})
add_test(NAME planted_static COMMAND ${planted} static)

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
set(outside batch cli command examples install journal locale money progress_screen readme
  usage)
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
  add_test(NAME rock COMMAND ${PROJECT_SOURCE_DIR}/spec/rock.sh
    $<IF:$<BOOL:${MJ_LONG}>,Release,None>)
  compiles(rock)
  if(MJ_SERVE AND MJ_IMAGE)
    add_test(NAME demo COMMAND ${scripts}/demo ${CMAKE_BINARY_DIR}-demo/out)
    set_tests_properties(demo PROPERTIES
      ENVIRONMENT "MJ_BUILD_DIR=${CMAKE_BINARY_DIR}-demo;CMAKE_BUILD_TYPE=None"
      TIMEOUT 600)
    compiles(demo)
  endif()
endif()

# sub_build(NAME TESTS [cmake arguments])
function(sub_build name tests)
  add_test(NAME build_${name}
    COMMAND ${scripts}/sub-build ${CMAKE_BINARY_DIR}-${name} ${tests} ${ARGN})
  set_tests_properties(build_${name} PROPERTIES TIMEOUT 900)
  compiles(build_${name})
  # What goes through hundreds of points goes through all of them in this
  # build's own test; optimisation and debuggers' tables belong to it, too.
  if(NOT MJ_LONG)
    set_tests_properties(build_${name} PROPERTIES
      ENVIRONMENT "MJ_FEWER=1;FUZZ_CHANGES=5")
  endif()
endfunction()

sub_build(core "." -DCMAKE_BUILD_TYPE=$<IF:$<BOOL:${MJ_LONG}>,RelWithDebInfo,None>
  -DMJ_LUA=OFF -DMJ_SERVE=OFF -DMJ_IMAGE=OFF)
sub_build(asan "^test_" -DCMAKE_BUILD_TYPE=None
  -DMJ_OTHER_LUAS=OFF -DMJ_IMAGE=OFF -DMJ_ASAN=ON -DMJ_UBSAN=ON)
# What takes longest begins first; else an empty tree would end with one of them
# alone.
foreach(pair build_asan:100 build_core:90 rock:80 demo:70 lua_examples:60 lua_restricted:50
    lua_prompt:45 lua_money:40 lua_readme:30 lua_interpreter:30 lua_command:25
    lua_batch:25 lua_saved:20 lua_cli:20 lua_tape:20 lua_journal:15 lua_doctor:15)
  string(REPLACE ":" ";" pair ${pair})
  list(GET pair 0 name)
  list(GET pair 1 cost)
  if(TEST ${name})
    set_tests_properties(${name} PROPERTIES COST ${cost})
  endif()
endforeach()

if(MJ_LONG)
  include(${CMAKE_CURRENT_LIST_DIR}/long.cmake)
endif()
