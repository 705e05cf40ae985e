# SPDX-License-Identifier: MIT
# replaced.awk -v from=TEXT -v to=TEXT FILE: the file with the first TEXT replaced;
# 3 = it is not there.
{ text = text $0 "\n" }
END {
  at = index(text, from)
  if (!at) exit 3
  printf "%s%s%s", substr(text, 1, at - 1), to, substr(text, at + length(from))
}
