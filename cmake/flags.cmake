# SPDX-License-Identifier: MIT
# Warnings, hardening and sanitizers for every target of ours.
add_library(mj_flags INTERFACE)
target_compile_options(mj_flags INTERFACE
  -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wpointer-arith
  -Wwrite-strings -fstack-protector-strong)
if(MJ_WERROR)
  target_compile_options(mj_flags INTERFACE -Werror)
endif()
# POSIX names; the features beyond it are asked for in the files that need them.
target_compile_definitions(mj_flags INTERFACE _POSIX_C_SOURCE=200809L)
target_link_options(mj_flags INTERFACE -Wl,-z,relro -Wl,-z,now)

set(MJ_SANITIZE)
if(MJ_ASAN)
  list(APPEND MJ_SANITIZE address)
endif()
if(MJ_UBSAN)
  list(APPEND MJ_SANITIZE undefined)
endif()
if(MJ_TSAN)
  list(APPEND MJ_SANITIZE thread)
endif()
if(MJ_FUZZ)
  list(APPEND MJ_SANITIZE fuzzer-no-link)
endif()
if(MJ_SANITIZE)
  list(JOIN MJ_SANITIZE "," MJ_SANITIZE)
  target_compile_options(mj_flags INTERFACE
    -fsanitize=${MJ_SANITIZE} -fno-sanitize-recover=all
    -fno-omit-frame-pointer -O1 -g1) # a report needs lines, no more
  target_link_options(mj_flags INTERFACE -fsanitize=${MJ_SANITIZE})
elseif(CMAKE_BUILD_TYPE MATCHES Rel) # with optimisation only
  target_compile_options(mj_flags INTERFACE -U_FORTIFY_SOURCE
                                            -D_FORTIFY_SOURCE=2)
endif()
