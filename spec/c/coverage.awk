# SPDX-License-Identifier: MIT
# Reads what gcov -b -c says of one C file and prints "line" for each line of
# code, and "missed" and why for each that was not run or has a branch that was
# never taken.
function flush_line() {
  if (!held || number == 0 || count == "-")
    return
  print "line"
  if (count ~ /^(#|=)+$/)
    why = "not run"
  else if (never)
    why = never " of " branches " branches never taken"
  else
    return
  print "missed " file ":" number ": " why ":" text
}
/^branch/ {
  branches++
  if ($0 ~ /taken 0|never executed/)
    never++
  next
}
/^(call|function|unconditional)/ { next }
{
  flush_line()
  split($0, part, ":")
  count = part[1]
  gsub(/[ *]/, "", count)
  number = part[2] + 0
  text = $0
  sub(/^[^:]*:[^:]*:/, "", text)
  branches = never = 0
  held = 1
}
END { flush_line() }
