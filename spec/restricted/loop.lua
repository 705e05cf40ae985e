-- SPDX-License-Identifier: MIT
-- ends: 41
-- with: --cpu 1
while true do end
