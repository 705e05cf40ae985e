-- SPDX-License-Identifier: MIT
-- ends: 0
-- out: ^nil\nmj.client http://127.0.0.1:%d+ %(no key%)\n$
print(os.getenv)
print(tostring(require("mj").client {}))
