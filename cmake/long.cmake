# SPDX-License-Identifier: MIT
# The slow tests: other compilers and checkers, valgrind, many tasks.
sub_build(tsan "^test_" -DMJ_LUA=OFF -DMJ_IMAGE=OFF
  -DCMAKE_BUILD_TYPE=Debug -DMJ_TSAN=ON)
sub_build(clang "^test_" -DCMAKE_C_COMPILER=clang)
# The core alone: the tests' support code does not look after memory.
add_test(NAME build_analyzer COMMAND sh -c
  "cmake -S ${PROJECT_SOURCE_DIR} -B ${PROJECT_SOURCE_DIR}/build-analyzer -G Ninja \
-DMJ_WERROR=ON -DMJ_LUA=OFF -DMJ_SERVE=OFF -DMJ_IMAGE=OFF -DCMAKE_C_COMPILER=gcc \
-DCMAKE_C_FLAGS=-fanalyzer && cmake --build ${PROJECT_SOURCE_DIR}/build-analyzer")
set_tests_properties(build_analyzer PROPERTIES TIMEOUT 900)
add_test(NAME valgrind COMMAND ${scripts}/valgrind ${CMAKE_BINARY_DIR})
set_tests_properties(valgrind PROPERTIES TIMEOUT 1800)
add_test(NAME many_tasks COMMAND mjlua --sim=clock=200
  ${PROJECT_SOURCE_DIR}/spec/many.lua 10000)
set_tests_properties(many_tasks PROPERTIES TIMEOUT 600)
add_test(NAME mutation COMMAND ${PROJECT_SOURCE_DIR}/spec/c/mutate.sh)
set_tests_properties(mutation PROPERTIES TIMEOUT 900)
add_test(NAME coverage COMMAND ${PROJECT_SOURCE_DIR}/spec/c/coverage.sh)
set_tests_properties(coverage PROPERTIES TIMEOUT 300)
add_test(NAME check_tidy COMMAND ${scripts}/check-tidy ${PROJECT_SOURCE_DIR}
  ${CMAKE_BINARY_DIR})
add_test(NAME planted_tidy COMMAND ${PROJECT_SOURCE_DIR}/spec/checks/planted-tidy.sh)
set_tests_properties(check_tidy PROPERTIES TIMEOUT 900)
add_test(NAME guards COMMAND ${PROJECT_SOURCE_DIR}/spec/c/guards.sh)
set_tests_properties(guards PROPERTIES TIMEOUT 1200)
# Fuzz targets, and what they find when there is something to find.  One build
# serves both.
foreach(kind "" --planted)
  string(REPLACE "--" _ name fuzz${kind})
  add_test(NAME ${name} COMMAND ${PROJECT_SOURCE_DIR}/spec/fuzz/run.sh ${kind})
  set_tests_properties(${name} PROPERTIES TIMEOUT 1800
    ENVIRONMENT "MJ_FUZZ_DIR=${CMAKE_BINARY_DIR}-fuzz")
endforeach()
add_test(NAME mutated_200000 COMMAND ${CMAKE_BINARY_DIR}-asan/spec/fuzz/test_mutated)
set_tests_properties(mutated_200000 PROPERTIES TIMEOUT 1200 DEPENDS build_asan
  ENVIRONMENT "MJ_MUTATIONS=200000;MJ_SOURCE_DIR=${PROJECT_SOURCE_DIR}")
if(TARGET test_store_power)
  add_test(NAME power_2000 COMMAND test_store_power 2000)
  set_tests_properties(power_2000 PROPERTIES TIMEOUT 1200)
  add_test(NAME store_guards COMMAND ${PROJECT_SOURCE_DIR}/spec/c/store_guards.sh)
  set_tests_properties(store_guards PROPERTIES TIMEOUT 900)
  add_test(NAME money_guards COMMAND ${PROJECT_SOURCE_DIR}/spec/c/money_guards.sh)
  set_tests_properties(money_guards PROPERTIES TIMEOUT 900)
endif()
