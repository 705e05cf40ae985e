/* SPDX-License-Identifier: MIT
   wire_folder.c - runs one folder of spec/wire/mj; see wire_case.h. */
#include "test.h"

#include "err.h"
#include "job.h"
#include "wire_case.h"

static const char *text_of(const mj_value *v, const char *key) {
  return mj__json_text(mj__json_get(v, key));
}

static int number_of(const mj_value *v, const char *key, int otherwise) {
  int64_t n;
  return mj__json_int(mj__json_get(v, key), &n) ? (int)n : otherwise;
}

static int is_true(const mj_value *v, const char *key) {
  const mj_value *m = mj__json_get(v, key);
  return m && m->type == MJ_JSON_TRUE;
}

static char *dump(const mj_value *v) {
  struct mj__mem m;
  struct mj__buf b;
  mj__mem_init(&m, NULL, NULL);
  mj__buf_init(&b, &m, 4 << 20);
  mj__put_value(&b, v);
  return mj__buf_steal(&b);
}

/* The customId, by the task at hand where there is one. */
static int find_button(const mj_value *call, mj_request *r, char *id,
                       size_t size, mj_error *err) {
  const mj_value *json = mj__json_get(call, "task_json");
  struct mj__mem m;
  struct mj__arena a;
  mj_task t;
  int at;
  if (!json)
    return MJ_OK;
  mj__mem_init(&m, NULL, NULL);
  mj__arena_init(&a, &m);
  assert_int_equal(mj__wire_mj.task(json, &a, &t), MJ_OK);
  at = mj_button_find(t.buttons, t.nbuttons, r->button, err);
  if (at >= 0) {
    (void)snprintf(id, size, "%s", t.buttons[at].custom_id);
    r->button = id;
  }
  mj__arena_free(&a);
  return at < 0 ? at : MJ_OK;
}

static int encode(const mj_value *call, struct mj__call *out, mj_error *err) {
  const mj_value *g = mj__json_get(call, "gateway"), *v;
  const mj_value *params = mj__json_get(call, "params");
  const char *op = text_of(call, "op");
  struct mj__gateway gateway;
  mj_param list[32];
  mj_request r;
  char id[300], *extra = NULL;
  int rc;
  memset(&r, 0, sizeof r);
  gateway.base = text_of(g, "base");
  if (!gateway.base)
    gateway.base = "https://gateway.example";
  gateway.prefix = text_of(g, "prefix");
  gateway.mode = text_of(g, "mode");
  gateway.mode_style = text_of(g, "mode_style");
  if (!gateway.mode_style)
    gateway.mode_style = "mj-prefix";
  if (strcmp(op, "fetch") == 0)
    return mj__wire_mj.ask(out, &gateway, text_of(call, "mode"),
                           text_of(call, "task"), err);
  r.op = strcmp(op, "imagine") == 0 ? MJ_OP_IMAGINE : MJ_OP_CLICK;
  r.prompt = text_of(call, "prompt");
  r.params = list;
  for (v = params ? params->first : NULL; v; v = v->next) {
    list[r.nparams].name = v->key;
    list[r.nparams++].value = v->text;
  }
  r.task = text_of(call, "task");
  r.button = text_of(call, "button");
  r.mode = text_of(call, "mode");
  r.lenient = is_true(call, "lenient");
  v = mj__json_get(call, "extra");
  if (v) /* a string stands for itself, so that it need not be JSON */
    r.extra_json = extra =
        v->type == MJ_JSON_STRING ? strdup(v->text) : dump(v);
  rc = find_button(call, &r, id, sizeof id, err);
  if (rc == MJ_OK)
    rc = mj__wire_mj.put(out, &gateway, &r, text_of(call, "state"), err);
  free(extra);
  return rc;
}

static void check_request(const struct wire_case *c,
                          const struct mj__call *call) {
  char line[600];
  const char *body = c->request.text ? strstr(c->request.text, "\n\n") : NULL;
  size_t n;
  assert_string_equal(call->method, call->paid ? "POST" : "GET");
  if (!c->request.text)
    return;
  assert_non_null(body);
  n = (size_t)(body - c->request.text);
  (void)snprintf(line, sizeof line, "%s %s", call->method, call->url.p);
  if (strlen(line) != n || memcmp(line, c->request.text, n) != 0)
    fail_msg("%s: went out: %s", c->name, line);
  assert_string_equal(call->body.p ? call->body.p : "", body + 2);
}

/* Splits the reply; its body is fed to the parser in small pieces. */
static mj_json *receive(const struct wire_case *c, struct mj__seen *s,
                        int64_t *retry_after_ms) {
  const mj_value *broken = mj__json_get(mj_json_root(c->call), "transfer");
  const char *text = c->reply.text ? c->reply.text : "";
  const char *head = strstr(text, "\n\n"), *retry;
  struct mj__mem m;
  mj_json *doc = NULL;
  size_t at;
  memset(s, 0, sizeof *s);
  s->secret = "sk-of-the-fixtures";
  s->curl_code = number_of(broken, "curl_code", 0);
  s->sent = number_of(broken, "sent", 2);
  *retry_after_ms = -1;
  if (head) {
    s->http_status = (int)strtol(text + 9, NULL, 10);
    s->body = head + 2;
    s->body_len = c->reply.n - (size_t)(s->body - text);
    retry = strstr(text, "Retry-After: ");
    if (retry && retry < head)
      *retry_after_ms = 1000 * strtol(retry + 13, NULL, 10);
  }
  if (s->body_len) {
    mj__mem_init(&m, NULL, NULL);
    assert_int_equal(mj__json_new(&doc, &m), MJ_OK);
    for (at = 0; at < s->body_len; at += 7)
      if (mj__json_feed(doc, s->body + at,
                        s->body_len - at < 7 ? s->body_len - at : 7, NULL))
        break;
    if (mj__json_finish(doc, NULL) != MJ_OK) {
      mj_json_free(doc);
      doc = NULL;
    }
  }
  mj__said_read(&s->said, mj_json_root(doc), s->body_len);
  return doc;
}

static void check_error(const struct wire_case *c, const mj_error *err) {
  const mj_value *want = mj_json_root(c->want);
  const char *text = text_of(want, "text");
  const char *code = text_of(want, "code");
  assert_string_equal(err->code ? mj_error_name(err->code) : "ok",
                      code ? code : "ok");
  if (text && !strstr(err->text, text))
    fail_msg("%s: \"%s\" does not say \"%s\"", c->name, err->text, text);
  if (mj__json_get(want, "remote_code"))
    assert_int_equal(err->remote_code, number_of(want, "remote_code", 0));
}

static void check_submit(const struct wire_case *c, const struct mj__seen *s,
                         int64_t retry_after_ms) {
  static const char *const verdicts[] = {"not_sent", "refused", "accepted",
                                         "unknown"};
  static const mj_poll gaps = {2000, {4000, 8000}, 2};
  static const struct mj__rules rules = {&gaps, 4, 30000};
  const mj_value *want = mj_json_root(c->want);
  const char *id = text_of(want, "id");
  struct mj__verdict v;
  struct mj__todo todo;
  struct mj__job j;
  mj_error err;
  mj__outcome_submit(s, &v);
  assert_string_equal(verdicts[v.kind], text_of(want, "verdict"));
  assert_int_equal(v.retryable, is_true(want, "retryable"));
  mj__err_clear(&err);
  if (v.kind == MJ__V_ACCEPTED)
    assert_string_equal(s->said.id, id ? id : "(id missing in want.json)");
  else
    mj__explain(s, v.code, "submit", &err);
  check_error(c, &err);
  memset(&j, 0, sizeof j);
  j.state = MJ__DISPATCHING;
  j.attempt = 1;
  mj__job_on_submit(&j, &v, retry_after_ms, &rules, 0, 0, &todo);
  assert_int_equal(todo.what, v.kind == MJ__V_ACCEPTED   ? MJ__DO_ACCEPT
                              : v.kind == MJ__V_NOT_SENT ? MJ__DO_SEND
                                                         : MJ__DO_END);
  if (mj__json_get(want, "wait_ms"))
    assert_int_equal(todo.at_ms, number_of(want, "wait_ms", -1));
}

static void same_text(const struct wire_case *c, const mj_value *want,
                      const char *got) {
  const char *w = want->type == MJ_JSON_NULL ? NULL : want->text;
  if ((w == NULL) != (got == NULL) || (w && strcmp(w, got) != 0))
    fail_msg("%s: %s is %s", c->name, want->key ? want->key : "item",
             got ? got : "absent");
}

static void check_buttons(const struct wire_case *c, const mj_value *want,
                          const mj_task *t) {
  const mj_value *v;
  size_t i = 0;
  assert_int_equal(t->nbuttons, want->len);
  for (v = want->first; v; v = v->next, i++) { /* [label, customId, emoji] */
    const mj_value *id = v->first->next;
    same_text(c, v->first, t->buttons[i].label);
    same_text(c, id, t->buttons[i].custom_id);
    if (id->next)
      same_text(c, id->next, t->buttons[i].emoji);
  }
}

/* 1 = `want` names a text of the task, which has been compared. */
static int check_text(const struct wire_case *c, const mj_value *want,
                      const mj_task *t) {
  const struct {
    const char *name, *is;
  } texts[] = {{"id", t->id},
               {"action", t->action},
               {"status_text", t->status_text},
               {"prompt", t->prompt},
               {"prompt_en", t->prompt_en},
               {"final_prompt", t->final_prompt},
               {"description", t->description},
               {"fail_reason", t->fail_reason},
               {"state", t->state},
               {"image_url", t->image_url},
               {"video_url", t->video_url},
               {"status", mj_status_name(t->status)}};
  size_t i;
  for (i = 0; i < COUNT(texts); i++)
    if (strcmp(want->key, texts[i].name) == 0) {
      same_text(c, want, texts[i].is);
      return 1;
    }
  return 0;
}

static void check_member(const struct wire_case *c, const mj_value *want,
                         const mj_task *t) {
  const mj_value *v;
  size_t i = 0;
  int64_t n = 0;
  if (check_text(c, want, t))
    return;
  if (strcmp(want->key, "buttons") == 0) {
    check_buttons(c, want, t);
  } else if (strcmp(want->key, "images") == 0) {
    assert_int_equal(t->nimages, want->len);
    for (v = want->first; v; v = v->next)
      same_text(c, v, t->images[i++]);
  } else {
    assert_int_equal(mj__json_int(want, &n), 1);
    if (strcmp(want->key, "progress") == 0)
      assert_int_equal(t->progress, n);
    else if (strcmp(want->key, "submitted") == 0)
      assert_int_equal(t->submitted_wall_ms, n);
    else if (strcmp(want->key, "started") == 0)
      assert_int_equal(t->started_wall_ms, n);
    else if (strcmp(want->key, "finished") == 0)
      assert_int_equal(t->finished_wall_ms, n);
    else
      fail_msg("%s: want.json: task.%s", c->name, want->key);
  }
}

static void check_fetch(const struct wire_case *c, const struct mj__seen *s,
                        const mj_json *doc) {
  static const char *const looks[] = {"task", "missing", "again", "refused"};
  const mj_value *want = mj_json_root(c->want);
  const mj_value *fields = mj__json_get(want, "task"), *v;
  int code = MJ_OK;
  enum mj__look look = mj__outcome_fetch(s, &code);
  struct mj__mem m;
  struct mj__arena a;
  mj_error err;
  mj_task t;
  assert_string_equal(looks[look], text_of(want, "look"));
  mj__err_clear(&err);
  if (look != MJ__LOOK_TASK) {
    assert_null(fields);
    mj__explain(s, code, "fetch", &err);
    check_error(c, &err);
    return;
  }
  assert_non_null(fields);
  mj__mem_init(&m, NULL, NULL);
  mj__arena_init(&a, &m);
  assert_int_equal(mj__wire_mj.task(mj_json_root(doc), &a, &t), MJ_OK);
  for (v = fields->first; v; v = v->next)
    check_member(c, v, &t);
  mj__arena_free(&a);
}

void wire_folder(void **state) {
  const struct wire_case *c = *state;
  const mj_value *want;
  int64_t retry_after_ms;
  struct mj__mem m;
  struct mj__call call;
  struct mj__seen seen;
  mj_error err;
  mj_json *doc;
  int rc;
  assert_non_null(c->call);
  assert_non_null(c->want);
  want = mj_json_root(c->want);
  mj__mem_init(&m, NULL, NULL);
  memset(&call, 0, sizeof call);
  mj__buf_init(&call.url, &m, 8192);
  mj__buf_init(&call.body, &m, 1 << 20);
  mj__err_clear(&err);
  rc = encode(mj_json_root(c->call), &call, &err);
  if (text_of(want, "raises")) {
    assert_string_equal(mj_error_name(rc), text_of(want, "raises"));
    assert_int_equal(err.code, rc);
    if (text_of(want, "text") && !strstr(err.text, text_of(want, "text")))
      fail_msg("%s: \"%s\"", c->name, err.text);
  } else {
    if (rc != MJ_OK)
      fail_msg("%s: %s", c->name, err.text);
    check_request(c, &call);
    doc = receive(c, &seen, &retry_after_ms);
    if (text_of(want, "verdict"))
      check_submit(c, &seen, retry_after_ms);
    else
      check_fetch(c, &seen, doc);
    mj_json_free(doc);
  }
  mj__buf_free(&call.url);
  mj__buf_free(&call.body);
}
