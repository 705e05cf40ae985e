-- SPDX-License-Identifier: MIT
-- ends: 1
-- out: ^%?%]0;owned%?\n%?%[2J\n%?%[31m\n$
-- err: ^mjlua: %?%[2Jred\n$
print "\27]0;owned\7"
print "\194\155[2J"
print "\27[31m"
error("\27[2Jred", 0)
