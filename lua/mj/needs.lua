-- SPDX-License-Identifier: MIT
-- What the modules need that are loaded on demand, and what brings it.

return {
  ["mj.edit"] = "libedit (Debian: libedit2)",
  ["mj.httpd"] = "libmicrohttpd (Debian: libmicrohttpd12)",
  ["mj.image"] = "libgd and libpng (Debian: libgd3, libpng16-16)",
}
