/* SPDX-License-Identifier: MIT
   lmj_push.c - tasks, errors and events of the core as Lua tables. */
#include "lmj.h"

#include <string.h>

void lmj_push_id(lua_State *L, mj_id id) {
#if LUA_VERSION_NUM >= 503
  lua_pushinteger(L, (lua_Integer)id);
#else
  lua_pushnumber(L, (lua_Number)id); /* ids are below 2^53 */
#endif
}

static void set_text(lua_State *L, const char *name, const char *text) {
  if (text && *text) {
    lua_pushstring(L, text);
    lua_setfield(L, -2, name);
  }
}

static void set_int(lua_State *L, const char *name, int value) {
  if (value != 0) {
    lua_pushinteger(L, value);
    lua_setfield(L, -2, name);
  }
}

/* The gateways' milliseconds, as seconds; 0 is "not known". */
static void set_seconds(lua_State *L, const char *name, int64_t ms) {
  if (ms > 0) {
    lua_pushnumber(L, (lua_Number)ms / 1000);
    lua_setfield(L, -2, name);
  }
}

void lmj_push_error(lua_State *L, const mj_error *err) {
  lua_createtable(L, 0, 8);
  set_text(L, "code", mj_error_name(err->code));
  set_text(L, "message", err->text[0] ? err->text : mj_error_text(err->code));
  lua_pushboolean(L, err->retryable);
  lua_setfield(L, -2, "retryable");
  set_int(L, "http_status", err->http_status);
  set_int(L, "remote_code", err->remote_code);
  if (err->retry_after_ms >= 0) {
    lua_pushnumber(L, (lua_Number)err->retry_after_ms / 1000);
    lua_setfield(L, -2, "retry_after");
  }
  luaL_setmetatable(L, LMJ_ERROR);
}

int lmj_fail(lua_State *L, const mj_error *err) {
  lua_pushnil(L);
  lmj_push_error(L, err);
  return 2;
}

int lmj_fail_code(lua_State *L, int code) {
  mj_error err;
  memset(&err, 0, sizeof err);
  err.code = code;
  err.retry_after_ms = -1;
  return lmj_fail(L, &err);
}

static void set_texts(lua_State *L, const char *name, const char *const *texts,
                      size_t count) {
  size_t i, n = 0;
  if (count == 0)
    return;
  lua_createtable(L, (int)count, 0);
  for (i = 0; i < count; i++)
    if (texts[i]) {
      lua_pushstring(L, texts[i]);
      lua_rawseti(L, -2, (lmj_index)++n);
    }
  lua_setfield(L, -2, name);
}

static void set_tokens(lua_State *L, const mj_task *t) {
  size_t i;
  if (t->ntokens == 0)
    return;
  lua_createtable(L, (int)t->ntokens, 0);
  for (i = 0; i < t->ntokens; i++) {
    lua_createtable(L, 0, 3);
    set_text(L, "text", t->tokens[i].text);
    lua_pushboolean(L, t->tokens[i].dropped);
    lua_setfield(L, -2, "dropped");
    if (t->tokens[i].weight >= 0) {
      lua_pushnumber(L, (lua_Number)t->tokens[i].weight);
      lua_setfield(L, -2, "weight");
    }
    lua_rawseti(L, -2, (lmj_index)(i + 1));
  }
  lua_setfield(L, -2, "tokens");
}

static void push_buttons(lua_State *L, const mj_task *t) {
  size_t i;
  lua_createtable(L, (int)t->nbuttons, 0);
  for (i = 0; i < t->nbuttons; i++) {
    lua_createtable(L, 0, 4);
    set_text(L, "custom_id", t->buttons[i].custom_id);
    set_text(L, "label", t->buttons[i].label);
    set_text(L, "emoji", t->buttons[i].emoji);
    lua_rawseti(L, -2, (lmj_index)(i + 1));
  }
}

/* A status that the core has no name for is shown as the wire spells it. */
static const char *status_of(const mj_task *t) {
  if (t->status == MJ_ST_UNKNOWN && t->status_text && *t->status_text)
    return t->status_text;
  return mj_status_name(t->status);
}

static void push_task(lua_State *L, const mj_task *t) {
  lua_createtable(L, 0, 26);
  set_text(L, "id", t->id);
  set_text(L, "action", t->action);
  set_text(L, "status", status_of(t));
  if (t->progress >= 0) {
    lua_pushinteger(L, t->progress);
    lua_setfield(L, -2, "progress");
  }
  set_text(L, "prompt", t->prompt);
  set_text(L, "prompt_en", t->prompt_en);
  set_text(L, "final_prompt", t->final_prompt);
  set_text(L, "description", t->description);
  set_text(L, "fail_reason", t->fail_reason);
  set_text(L, "fail_code", t->fail_code);
  set_text(L, "state", t->state);
  set_text(L, "image_url", t->image_url);
  set_text(L, "video_url", t->video_url);
  set_texts(L, "images", t->images, t->nimages);
  set_texts(L, "videos", t->videos, t->nvideos);
  set_texts(L, "prompts", t->prompts, t->nprompts);
  set_tokens(L, t);
  push_buttons(L, t);
  lua_setfield(L, -2, "buttons");
  set_seconds(L, "submitted_at", t->submitted_wall_ms);
  set_seconds(L, "started_at", t->started_wall_ms);
  set_seconds(L, "finished_at", t->finished_wall_ms);
  set_seconds(L, "expires_at", t->expires_wall_ms);
  set_seconds(L, "cost", t->cost_ms);
  if (t->json) {
    lua_pushlstring(L, t->json, t->json_len);
    lua_setfield(L, -2, "json");
  }
}

static void set_tasks(lua_State *L, const mj_event *ev) {
  size_t i;
  if (!ev->tasks)
    return;
  lua_createtable(L, (int)ev->ntasks, 0);
  for (i = 0; i < ev->ntasks; i++) {
    push_task(L, &ev->tasks[i]);
    lua_rawseti(L, -2, (lmj_index)(i + 1));
  }
  lua_setfield(L, -2, "tasks");
}

int lmj_push_event(lua_State *L, const mj_event *ev) {
  static const char *const names[] = {"accepted", "progress", "done", "timer"};
  luaL_checkstack(L, LMJ_EVENT_SLOTS, "an event");
  lua_pushstring(L, names[ev->type]);
  lmj_push_id(L, ev->id);
  lua_createtable(L, 0, 4);
  set_text(L, "task_id", ev->task_id);
  set_text(L, "token", ev->token);
  if (ev->task) {
    push_task(L, ev->task);
    lua_setfield(L, -2, "task");
  }
  if (ev->error) {
    lmj_push_error(L, ev->error);
    lua_setfield(L, -2, "error");
  }
  if (ev->data) {
    lua_pushlstring(L, ev->data, ev->data_len);
    lua_setfield(L, -2, "data");
  }
  set_text(L, "content_type", ev->content_type);
  set_tasks(L, ev);
  set_texts(L, "items", ev->items, ev->nitems);
  return 3;
}

/* Buttons ----------------------------------------------------------------- */

static const char *button_member(lua_State *L, const char *name) {
  const char *text = NULL;
  lmj_rawfield(L, -1, name);
  if (lua_type(L, -1) == LUA_TSTRING)
    text = lua_tostring(L, -1); /* the button's table keeps it */
  lua_pop(L, 1);
  return text;
}

int lmj_find_button(lua_State *L) {
  mj_button *list;
  mj_error err;
  size_t i, n;
  int hit;
  const char *selector = lmj_check_text(L, 2);
  luaL_checktype(L, 1, LUA_TTABLE);
  n = lua_rawlen(L, 1);
  list = lua_newuserdatauv(L, (n + 1) * sizeof *list, 0);
  for (i = 0; i < n; i++) {
    lua_rawgeti(L, 1, (lmj_index)(i + 1));
    luaL_argcheck(L, lua_istable(L, -1), 1, "list of buttons expected");
    list[i].custom_id = button_member(L, "custom_id");
    list[i].label = button_member(L, "label");
    list[i].emoji = button_member(L, "emoji");
    lua_pop(L, 1);
  }
  memset(&err, 0, sizeof err);
  hit = mj_button_find(list, n, selector, &err);
  if (hit < 0)
    return lmj_fail(L, &err);
  lua_pushinteger(L, hit + 1);
  return 1;
}

int lmj_intent(lua_State *L) {
  char buf[64];
  const char *intent = mj_button_intent(lmj_check_text(L, 1), buf, sizeof buf);
  if (intent)
    lua_pushstring(L, intent);
  else
    lua_pushnil(L);
  return 1;
}
