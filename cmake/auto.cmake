# SPDX-License-Identifier: MIT
# MJ_SERVE and MJ_IMAGE may be AUTO: on where their libraries are.  A rock uses that.
function(mj_auto option)
  if(${option} STREQUAL "AUTO")
    pkg_check_modules(${option}_PROBE QUIET ${ARGN})
    if(${option}_PROBE_FOUND)
      set(${option} ON PARENT_SCOPE)
    else()
      set(${option} OFF PARENT_SCOPE)
    endif()
  endif()
endfunction()
mj_auto(MJ_SERVE libmicrohttpd)
mj_auto(MJ_IMAGE gdlib libpng)
