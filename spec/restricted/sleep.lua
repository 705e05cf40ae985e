-- SPDX-License-Identifier: MIT
-- ends: 40
-- with: --time 1
require("mj").sleep(1e6)
