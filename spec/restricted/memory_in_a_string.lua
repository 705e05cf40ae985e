-- SPDX-License-Identifier: MIT
-- ends: 42
-- with: --memory 32
print(#("x"):rep(1e9))
