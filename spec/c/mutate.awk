# SPDX-License-Identifier: MIT
# Changes one row of a table in a C file, or counts the rows.
#   start  the text of the line with which the table begins
#   what   count, drop, or SED: an awk substitution "regex@replacement"
#   row    which row, from 1
# Rows are what stands between braces one level inside the table, or, with
# word=regex, each word in it that matches.
function substituted(text,   part, at, from) {
  split(what, part, "@")
  if (part[3] != "last")
    return sub(part[1], part[2], text) ? text : ""
  from = 0
  while (match(substr(text, from + 1), part[1])) {
    at = from + RSTART
    len = RLENGTH
    from = at
  }
  return at ? substr(text, 1, at - 1) part[2] substr(text, at + len) : ""
}
{ all = all $0 "\n" }
END {
  begin = index(all, start)
  if (!begin) { print "no such table: " start > "/dev/stderr"; exit 2 }
  i = begin + length(start)
  if (word != "") {
    for (stop = i; (c = substr(all, stop, 1)) != "}"; stop++) # no inner braces
      if (c == "\"") # but in strings
        while (substr(all, ++stop, 1) != "\"")
          if (substr(all, stop, 1) == "\\") stop++
    while (i < stop && match(substr(all, i, stop - i), word)) {
      from = i + RSTART - 1
      i = from + RLENGTH
      if (++n == row) { first = from; last = i - 1 }
    }
  } else {
    for (depth = 1; depth > 0; i++) {
      c = substr(all, i, 1)
      if (c == "\"") { # skip strings
        while (substr(all, ++i, 1) != "\"")
          if (substr(all, i, 1) == "\\") i++
      } else if (c == "{" && depth++ == 1) {
        from = i
      } else if (c == "}" && --depth == 1 && ++n == row) {
        first = from; last = i
      }
    }
  }
  if (what == "count") { print n; exit }
  if (!first) { print "no row " row > "/dev/stderr"; exit 2 }
  text = substr(all, first, last - first + 1)
  if (what == "drop") {
    new = ""
    if (substr(all, last + 1, 1) == ",") last++
  } else {
    new = substituted(text)
    if (new == "" || new == text) exit 3 # nothing to change in this row
  }
  printf "%s%s%s", substr(all, 1, first - 1), new, substr(all, last + 1)
}
