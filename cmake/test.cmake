# SPDX-License-Identifier: MIT
# mj_test(NAME SOURCES a.c b.c LIBS x y): a cmocka program and its ctest entry.
function(mj_test name)
  if(NOT MJ_TESTS)
    return()
  endif()
  cmake_parse_arguments(T "" "" "SOURCES;LIBS;ARGS" ${ARGN})
  pkg_check_modules(CMOCKA REQUIRED IMPORTED_TARGET cmocka)
  add_executable(${name} ${T_SOURCES})
  target_include_directories(${name} PRIVATE
    ${PROJECT_SOURCE_DIR}/csrc ${PROJECT_SOURCE_DIR}/spec/support)
  target_link_libraries(${name} PRIVATE mj_flags PkgConfig::CMOCKA ${T_LIBS})
  add_test(NAME ${name} COMMAND ${name} ${T_ARGS})
  set_tests_properties(${name} PROPERTIES TIMEOUT 120
    ENVIRONMENT "MJ_SOURCE_DIR=${PROJECT_SOURCE_DIR}")
endfunction()
