/* SPDX-License-Identifier: MIT
   wire_folder.c - runs one folder of spec/wire; see wire_case.h. */
#include "test.h"

#include "err.h"
#include "job.h"
#include "wire_case.h"

static void check_request(const struct wire_case *c,
                          const struct mj__call *call) {
  char line[600];
  const char *body = c->request.text ? strstr(c->request.text, "\n\n") : NULL;
  size_t n;
  assert_string_equal(call->method,
                      call->paid || call->body.n ? "POST" : "GET");
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
static mj_json *receive(const struct wire_case *c, struct mj__reply *s,
                        int64_t *retry_after_ms) {
  const mj_value *broken = mj__json_get(mj_json_root(c->call), "transfer");
  const char *text = c->reply.text ? c->reply.text : "";
  const char *head = strstr(text, "\n\n"), *retry;
  struct mj__mem m;
  mj_json *doc = NULL;
  size_t at;
  memset(s, 0, sizeof *s);
  s->generate = c->wire == &mj__wire_generate;
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

static void check_items(const struct wire_case *c, const mj_value *got) {
  const mj_value *want = mj__json_get(mj_json_root(c->want), "items");
  if (!want)
    return;
  assert_non_null(got);
  want = want->first;
  for (got = got->first; got; got = got->next)
    if (got->type == MJ_JSON_STRING) { /* as reply.c does */
      assert_non_null(want);
      assert_string_equal(got->text, want->text);
      want = want->next;
    }
  assert_null(want);
}

/* What an answer says besides: nothing, unless want.json names it. */
static void check_said(const struct mj__said *said, const mj_value *want) {
  assert_int_equal(said->dialog, is_true(want, "dialog"));
  assert_int_equal(said->ahead, number_of(want, "ahead", -1));
  if (text_of(want, "id"))
    assert_int_equal(said->several, number_of(want, "several", 1));
  if (mj__json_get(want, "suggested"))
    assert_string_equal(said->suggested, mj__json_get(want, "suggested")->text);
}

static void check_submit(const struct wire_case *c, const struct mj__reply *was,
                         int64_t retry_after_ms) {
  struct mj__reply seen = *was, *s = &seen;
  static const char *const verdicts[] = {"not_sent", "refused", "accepted",
                                         "unknown"};
  const struct mj__rules rules = {&c->wire->poll, 4, 30000, 300000};
  const mj_value *want = mj_json_root(c->want);
  const char *id = text_of(want, "id");
  struct mj__verdict v;
  struct mj__todo todo;
  struct mj__job j;
  mj_error err;
  seen.wants_list = strcmp(text_of(mj_json_root(c->call), "op"), "upload") == 0;
  mj__outcome_submit(s, &v);
  assert_string_equal(verdicts[v.kind], text_of(want, "verdict"));
  assert_int_equal(v.retryable, is_true(want, "retryable"));
  assert_int_equal(v.parent, is_true(want, "parent"));
  check_said(&s->said, want);
  mj__err_clear(&err);
  check_items(c, s->said.list);
  if (v.kind == MJ__V_ACCEPTED && !s->wants_list)
    assert_string_equal(s->said.id, id ? id : "(id missing in want.json)");
  else if (v.kind != MJ__V_ACCEPTED)
    mj__explain(s, v.code, "submit", &err);
  check_error(c, &err);
  memset(&j, 0, sizeof j);
  j.state = MJ__DISPATCHING;
  j.attempt = 1;
  mj__job_on_submit(&j, &v, retry_after_ms, &rules, 0, 0, &todo);
  assert_int_equal(todo.what, v.kind == MJ__V_ACCEPTED ? MJ__DO_ACCEPT
                              : v.kind == MJ__V_NOT_SENT || v.busy
                                  ? MJ__DO_SEND
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
  for (v = want->first; v; v = v->next, i++) {
    const mj_value *id = v->first->next;
    char buf[64];
    same_text(c, v->first, t->buttons[i].label);
    same_text(c, id, t->buttons[i].custom_id);
    if (id->next) {
      same_text(c, id->next, t->buttons[i].emoji);
      if (id->next->next)
        same_text(c, id->next->next,
                  mj_button_intent(t->buttons[i].custom_id, buf, sizeof buf));
    }
  }
}

static void check_list(const struct wire_case *c, const mj_value *want,
                       const char *const *got, size_t n) {
  const mj_value *v;
  size_t i = 0;
  assert_int_equal(n, want ? want->len : 0);
  for (v = want ? want->first : NULL; v; v = v->next)
    same_text(c, v, got[i++]);
}

static void check_tokens(const mj_value *want, const mj_task *t) {
  const mj_value *v;
  size_t i = 0;
  assert_int_equal(t->ntokens, want ? want->len : 0);
  for (v = want ? want->first : NULL; v; v = v->next, i++) {
    const mj_value *dropped = v->first->next, *weight = dropped->next;
    double off = t->tokens[i].weight - strtod(weight->text, NULL);
    assert_string_equal(t->tokens[i].text, v->first->text);
    assert_int_equal(t->tokens[i].dropped, dropped->type == MJ_JSON_TRUE);
    assert_true(off < 1e-9 && off > -1e-9);
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
               {"fail_code", t->fail_code},
               {"error", t->error ? mj_error_name(t->error) : NULL},
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
  const struct {
    const char *name;
    int64_t is;
  } numbers[] = {{"progress", t->progress},
                 {"again", t->again},
                 {"cost", t->cost_ms},
                 {"submitted", t->submitted_wall_ms},
                 {"started", t->started_wall_ms},
                 {"finished", t->finished_wall_ms},
                 {"expires", t->expires_wall_ms}};
  static const char *const lists[] = {"images", "buttons", "videos", "prompts",
                                      "tokens"};
  size_t i;
  int64_t n = 0;
  if (check_text(c, want, t))
    return;
  for (i = 0; i < COUNT(lists); i++)
    if (strcmp(want->key, lists[i]) == 0)
      return; /* check_lists */
  assert_int_equal(mj__json_int(want, &n), 1);
  for (i = 0; i < COUNT(numbers); i++)
    if (strcmp(want->key, numbers[i].name) == 0) {
      if (numbers[i].is != n)
        fail_msg("%s: %s is %lld", c->name, want->key,
                 (long long)numbers[i].is);
      return;
    }
  fail_msg("%s: want.json: task.%s", c->name, want->key);
}

/* What want.json does not name is empty; of what all tasks have, unknown. */
static void check_lists(const struct wire_case *c, const mj_value *want,
                        const mj_task *t) {
  const mj_value *v = mj__json_get(want, "buttons");
  if (v)
    check_buttons(c, v, t);
  v = mj__json_get(want, "images");
  if (v)
    check_list(c, v, t->images, t->nimages);
  check_list(c, mj__json_get(want, "videos"), t->videos, t->nvideos);
  check_list(c, mj__json_get(want, "prompts"), t->prompts, t->nprompts);
  check_tokens(mj__json_get(want, "tokens"), t);
}

static void check_tasks(const struct wire_case *c, const mj_value *want,
                        const mj_value *got) {
  const mj_value *v = want->first, *g = got->first;
  struct mj__mem m;
  struct mj__arena a;
  mj_task t;
  mj__mem_init(&m, NULL, NULL);
  mj__arena_init(&a, &m);
  for (; g; g = g->next) {
    if (g->type != MJ_JSON_OBJECT) /* as ask.c does */
      continue;
    assert_int_equal(c->wire->task(g, &a, &t), MJ_OK);
    if (!t.id)
      continue;
    assert_non_null(v);
    assert_string_equal(t.id, v->text);
    v = v->next;
  }
  assert_null(v);
  mj__arena_free(&a);
}

static void check_one(const struct wire_case *c, const mj_json *doc) {
  const mj_value *v = mj__json_get(mj_json_root(c->want), "task");
  struct mj__mem m;
  struct mj__arena a;
  mj_task t;
  assert_non_null(v);
  mj__mem_init(&m, NULL, NULL);
  mj__arena_init(&a, &m);
  assert_int_equal(c->wire->task(mj_json_root(doc), &a, &t), MJ_OK);
  check_lists(c, v, &t);
  for (v = v->first; v; v = v->next)
    check_member(c, v, &t);
  mj__arena_free(&a);
}

/* A free question and what came of it. */
static void check_ask(const struct wire_case *c, const struct mj__reply *s,
                      const mj_json *doc, enum mj__route route) {
  static const char *const looks[] = {"good", "missing", "again", "refused"};
  const mj_value *want = mj_json_root(c->want);
  const mj_value *tasks = mj__json_get(want, "tasks");
  const mj_value *items = mj__json_get(want, "items");
  int code = MJ_OK;
  enum mj__look look = mj__outcome_ask(s, route, &code);
  mj_error err;
  assert_string_equal(looks[look], text_of(want, "look"));
  mj__err_clear(&err);
  if (look != MJ__LOOK_GOOD) {
    mj__explain(s, code, "fetch", &err);
    check_error(c, &err);
  } else if (route == MJ__R_FETCH) {
    check_one(c, doc);
  } else if (tasks) {
    check_tasks(c, tasks, mj_json_root(doc));
  } else if (items) {
    assert_string_equal(s->said.result, items->first->text);
  } else {
    assert_int_equal(route, MJ__R_CANCEL);
  }
}

void wire_folder(void **state) {
  const struct wire_case *c = *state;
  const mj_value *want;
  int64_t retry_after_ms;
  struct mj__mem m;
  struct mj__call call;
  struct mj__buf warnings;
  struct mj__reply seen;
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
  mj__buf_init(&warnings, &m, 1 << 16);
  call.warnings = &warnings;
  mj__err_clear(&err);
  rc = wire_case_encode(c->wire, mj_json_root(c->call), &call, &err);
  if (text_of(want, "raises")) {
    assert_string_equal(mj_error_name(rc), text_of(want, "raises"));
    assert_int_equal(err.code, rc);
    if (text_of(want, "text") && !strstr(err.text, text_of(want, "text")))
      fail_msg("%s: \"%s\"", c->name, err.text);
  } else {
    if (rc != MJ_OK)
      fail_msg("%s: %s", c->name, err.text);
    check_request(c, &call);
    if (!text_of(want, "warning"))
      assert_int_equal(warnings.n, 0);
    else if (!warnings.p || !strstr(warnings.p, text_of(want, "warning")))
      fail_msg("%s: warned: %s", c->name, warnings.p ? warnings.p : "nothing");
    doc = receive(c, &seen, &retry_after_ms);
    if (text_of(want, "verdict"))
      check_submit(c, &seen, retry_after_ms);
    else
      check_ask(c, &seen, doc, call.route);
    mj_json_free(doc);
  }
  mj__buf_free(&warnings);
  mj__buf_free(&call.url);
  mj__buf_free(&call.body);
}
