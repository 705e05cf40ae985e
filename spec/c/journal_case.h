/* SPDX-License-Identifier: MIT
   journal_case.h - what the tests of the journal share: clients that are gone
   in the middle of their work, and those that come after them. */
#ifndef MJ_SPEC_JOURNAL_CASE_H
#define MJ_SPEC_JOURNAL_CASE_H

#include "rig.h"

/* clang-format off */
#define LOST {.curl_code = 56, .sent_less = 0}
#define WHOLE(state_) {.body = "[{\"id\":\"16\",\"status\":\"SUCCESS\",\"state\":\"" state_ "\",\"submitTime\":1000},{\"id\":\"15\",\"status\":\"SUCCESS\"}]"}
#define NO_LIST {.http = 404, .body = "{\"error\":{\"message\":\"Invalid URL (GET /mj/task/list)\",\"type\":\"invalid_request_error\",\"param\":\"\",\"code\":\"\"}}"}
#define FULL {.body = "{\"code\":23,\"description\":\"full\",\"result\":null}"}
#define BAD {.body = "{\"id\":\"%ID\",\"status\":\"FAILURE\",\"failReason\":\"no\"}"}
#define ASKS {.body = "{\"id\":\"%ID\",\"status\":\"MODAL\",\"progress\":\"0%%\"}"}
#define SLOW_DOWN {.http = 429, .retry_after_ms = 60000}
#define BANNED {.body = "{\"code\":24,\"description\":\"no\",\"result\":null}"}
#define GENERATE_ACCEPT {.body = "{\"code\":200,\"message\":\"success\",\"data\":{\"taskId\":\"task_1\"}}"}
#define GENERATE_DONE {.body = "{\"code\":200,\"message\":\"success\",\"data\":{\"taskId\":\"task_1\",\"state\":\"success\",\"resultJson\":\"{\\\"images\\\":[\\\"http://gw.test/a.png\\\"]}\"}}"}
#define NOT_MJ {.http = 404, .body = "<html>404</html>"}
#define GENERATE_HAS_NONE {.http = 404, .body = "{\"code\":404,\"message\":\"Task not found\",\"data\":null}"}
#define BAD_GATEWAY {.http = 502, .body = "<html>502</html>"}
#define NEVER {.delay_ms = 80000, .curl_code = 28}
/* clang-format on */

struct seen {
  int done, code, accepted;
  char task[80], text[480], url[100], token[40];
};

extern int64_t journal_past;   /* milliseconds of the clients before this one */
extern char unknown_token[40]; /* of the last row that unknowns() saw */

int journal_up(void **state);
int journal_down(void **state);
void journaled(mj_config *cfg);    /* for rig_tune */
void told_at_once(mj_config *cfg); /* likewise, of a full gateway */
/* Until `id` has ended, or for that long. */
struct seen run(struct rig *r, mj_id id, int64_t most_ms);
/* As a kill would: nothing is said to anybody. */
void killed(struct rig *r);
int unknowns(struct rig *r);
void good(const struct seen *s);

#endif
