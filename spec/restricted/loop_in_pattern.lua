-- SPDX-License-Identifier: MIT
-- ends: 41
-- with: --cpu 1
print(("a"):rep(40):find(("a?"):rep(40) .. ("a"):rep(40)))
