/* SPDX-License-Identifier: MIT
   fuzz_task.c - a task out of a reply, its buttons and what they mean. */
#include "fuzz.h"

#include "button.h"
#include "wire_mj.h"

static void text_ok(const char *s) {
  MUST(!s || (*s && oracle_utf8(s, strlen(s))));
}

static void list_ok(const char *const *list, size_t n) {
  size_t i;
  for (i = 0; i < n; i++) {
    MUST(list[i]);
    text_ok(list[i]);
  }
}

static void button_ok(const mj_task *t, const mj_button *b) {
  char intent[64], list[40];
  mj_error err;
  int at;
  MUST(b->custom_id);
  text_ok(b->label);
  text_ok(b->emoji);
  if (mj_button_intent(b->custom_id, intent, sizeof intent)) {
    MUST(oracle_utf8(intent, strlen(intent)));
  }
  at = mj_button_find(t->buttons, t->nbuttons, b->custom_id, &err);
  MUST(at >= 0 ? strcmp(t->buttons[at].custom_id, b->custom_id) == 0
               : at == MJ_ENO_BUTTON && *err.text &&
                     oracle_utf8(err.text, strlen(err.text)));
  if (b->label)
    (void)mj_button_find(t->buttons, t->nbuttons, b->label, &err);
  (void)mj_button_find(t->buttons, t->nbuttons, "zoom:1.7", &err);
  mj__button_list(t->buttons, t->nbuttons, list, sizeof list);
  MUST(strlen(list) < sizeof list);
}

static void task_ok(const mj_task *t, const oracle_node *root) {
  const char *id = oracle_text(oracle_get(root, "id"));
  const char *status = oracle_text(oracle_get(root, "status"));
  size_t i;
  MUST(!t->id == !id);
  if (id && !oracle_get(root, "id")->odd)
    MUST(strcmp(t->id, id) == 0);
#ifdef PLANT /* there is room for so many characters */
  MUST(!t->id || strlen(t->id) < 60);
#endif
  if (t->status == MJ_ST_SUCCESS)
    MUST(status && strlen(status) == 7);
  MUST(t->progress >= -1 && t->progress <= 100);
  MUST(t->submitted_wall_ms >= 0 && t->started_wall_ms >= 0 &&
       t->finished_wall_ms >= 0 && t->expires_wall_ms >= 0);
  text_ok(t->prompt);
  text_ok(t->prompt_en);
  text_ok(t->final_prompt);
  text_ok(t->fail_reason);
  text_ok(t->image_url);
  text_ok(t->video_url);
  list_ok(t->images, t->nimages);
  list_ok(t->videos, t->nvideos);
  for (i = 0; i < t->nprompts; i++)
    MUST(t->prompts[i]);
  for (i = 0; i < t->ntokens; i++)
    MUST(t->tokens[i].weight <= 1 && t->tokens[i].weight >= -1);
  for (i = 0; i < t->nbuttons && i < 100; i++)
    button_ok(t, &t->buttons[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  char *input = fuzz_text(data, size);
  mj_json *doc = NULL;
  struct mj__arena a;
  struct mj__mem m;
  oracle o;
  mj_task t;
  mj__mem_init(&m, NULL, NULL);
  mj__arena_init(&a, &m);
  oracle_read(&o, input, size);
  if (mj_json_parse(&doc, input, size, NULL, NULL, NULL) == MJ_OK) {
    MUST(mj__mj_task(mj_json_root(doc), &a, &t) == MJ_OK);
    task_ok(&t, o.root);
  }
  oracle_free(&o);
  mj__arena_free(&a);
  mj_json_free(doc);
  free(input);
  return 0;
}
