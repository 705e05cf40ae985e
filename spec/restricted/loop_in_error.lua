-- SPDX-License-Identifier: MIT
-- ends: 41
-- with: --cpu 1
error(setmetatable({}, { __tostring = function() while true do end end }))
