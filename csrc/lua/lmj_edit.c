/* SPDX-License-Identifier: MIT
   lmj_edit.c - the module mj.edit: a line that is edited on the terminal while
   the program goes on (libedit).

   el_gets() comes back with a whole line, and some of its commands read keys of
   their own (^R, ^V), so it cannot be left in between.  It runs in a thread
   that has its turn only while there is a key for it, and gives the turn back
   when it wants the next one: never do both run.  All calls of libedit are made
   in that thread, which has a locale of its own as well, since libedit takes
   the encoding of the terminal from it and Lua is to stay in "C". */
#define _GNU_SOURCE /* wcwidth, newlocale */
#include "lcompat.h"

#include <errno.h>
#include <histedit.h>
#include <langinfo.h>
#include <locale.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include <wchar.h>

#define EDITOR "mj.edit.editor"

LMJ_EXPORT int luaopen_mj_edit(lua_State *L);

enum order { START, FEED, COMPLETE, ABOVE, REDRAW, REMEMBER, CANCEL, QUIT };
enum state { IDLE, HUNGRY, ASKED, LINE, END, CANCELLED, BROKEN };

struct lmj_editor {
  pthread_t thread;
  pthread_mutex_t mutex;
  pthread_cond_t turned;
  int open, theirs; /* theirs: the thread has its turn */
  enum order order;
  enum state state;
  const char *text; /* of the order: the prompt, what is shown, inserted */
  int byte, done;   /* of FEED: a byte, -1 = the end of the input */
  char *prompt;
  char *line; /* of LINE, ASKED; of malloc */
  EditLine *el;
  History *history;
  int history_size, columns;
  mbstate_t shift;
};

/* The turn ------------------------------------------------------------------
 */

/* On the side of the thread: gives the turn back and waits for the next. */
static void give_back(struct lmj_editor *e) {
  pthread_mutex_lock(&e->mutex);
  e->theirs = 0;
  pthread_cond_broadcast(&e->turned);
  while (!e->theirs)
    pthread_cond_wait(&e->turned, &e->mutex);
  pthread_mutex_unlock(&e->mutex);
}

/* On ours: an order, and what became of it. */
static enum state give(struct lmj_editor *e, enum order order,
                       const char *text) {
  pthread_mutex_lock(&e->mutex);
  e->order = order;
  e->text = text;
  e->theirs = 1;
  pthread_cond_broadcast(&e->turned);
  while (e->theirs)
    pthread_cond_wait(&e->turned, &e->mutex);
  pthread_mutex_unlock(&e->mutex);
  return e->state;
}

/* The screen ----------------------------------------------------------------
 */

static int columns_of_terminal(void) {
  struct winsize w;

  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col > 0)
    return w.ws_col;
  return 80;
}

/* Moves *column past c as libedit shows it; returns the rows that takes. */
static int advance(wchar_t c, int *column, int columns) {
  int width = wcwidth(c);

  if (c == L'\n') {
    *column = 0;
    return 1;
  }
  if (c == L'\t')
    width = 8 - *column % 8;
  else if (width < 0)
    width = c < 0x100 ? 2 : 8; /* ^A, \U+xxxx */
  *column += width;
  if (*column < columns)
    return 0;
  *column = *column > columns ? width : 0;
  return 1;
}

/* The row of the cursor, below that where the prompt begins. */
static int cursor_row(struct lmj_editor *e) {
  const LineInfoW *line = el_wline(e->el);
  const wchar_t *p;
  const char *s = e->prompt;
  int column = 0, row = 0;
  mbstate_t shift;
  wchar_t c;

  memset(&shift, 0, sizeof shift);
  while (*s) {
    size_t n = mbrtowc(&c, s, MB_CUR_MAX, &shift);
    if (n == 0 || n > MB_CUR_MAX) {
      n = 1;
      c = L'?';
      memset(&shift, 0, sizeof shift);
    }
    row += advance(c, &column, e->columns);
    s += n;
  }
  for (p = line->buffer; p < line->cursor; p++)
    row += advance(*p, &column, e->columns);
  return row;
}

static const char *capability(struct lmj_editor *e, const char *name) {
  char *text = NULL;

  return el_get(e->el, EL_GETTC, name, &text, NULL) == 0 && text && *text
             ? text
             : NULL;
}

/* Takes the line away, writes the text, and draws the line again below it. */
static void write_above(struct lmj_editor *e, const char *text) {
  const char *up = capability(e, "up"), *clear = capability(e, "cd");
  int row;

  if (up && clear) {
    fputc('\r', stdout);
    for (row = cursor_row(e); row > 0; row--)
      fputs(up, stdout);
    fputs(clear, stdout);
  } else {
    fputc('\n', stdout);
  }
  fputs(text, stdout);
  fflush(stdout);
  el_set(e->el, EL_REFRESH);
}

/* The thread ----------------------------------------------------------------
 */

static struct lmj_editor *editor_of(EditLine *el) {
  void *data = NULL;

  el_get(el, EL_CLIENTDATA, &data);
  return data;
}

static char *prompt(EditLine *el) {
  return editor_of(el)->prompt;
}

static void follow_size(struct lmj_editor *e) {
  int columns = columns_of_terminal();

  if (columns != e->columns) {
    e->columns = columns;
    el_resize(e->el);
  }
}

/* One character of the bytes that come: 1, 0 at the end, -1 on Ctrl-C. */
static int get_character(EditLine *el, wchar_t *out) {
  struct lmj_editor *e = editor_of(el);

  fflush(stdout); /* libedit leaves what it drew for the read to flush */
  for (;;) {
    char byte;
    size_t n;

    e->state = HUNGRY;
    give_back(e);
    if (e->order == ABOVE) {
      write_above(e, e->text);
      continue;
    } else if (e->order == REDRAW) {
      el_set(e->el, EL_PREP_TERM, 0); /* else it thinks that it is set */
      el_set(e->el, EL_PREP_TERM, 1);
      el_set(e->el, EL_REFRESH);
      fflush(stdout);
      continue;
    } else if (e->order != FEED) {
      e->done = 1;
      errno = EPIPE; /* not EINTR: libedit would try again */
      return -1;
    } else if (e->byte < 0) {
      return 0;
    }
    follow_size(e);
    byte = (char)e->byte;
    n = mbrtowc(out, &byte, 1, &e->shift);
    if (n <= 1) /* 0: the character is NUL */
      return 1;
    if (n == (size_t)-1) { /* no character at all: left out */
      memset(&e->shift, 0, sizeof e->shift);
    }
  }
}

/* Tab: the other side gets what is before the cursor, and says what to put in
   and what to show. */
static unsigned char complete(EditLine *el, int ch) {
  struct lmj_editor *e = editor_of(el);
  const LineInfo *line = el_line(el);

  (void)ch;
  free(e->line);
  e->line = strndup(line->buffer, (size_t)(line->cursor - line->buffer));
  if (!e->line)
    return CC_ERROR;
  e->state = ASKED;
  give_back(e);
  while (e->order == ABOVE) {
    write_above(e, e->text);
    e->state = ASKED;
    give_back(e);
  }
  if (e->order == COMPLETE && *e->text && el_insertstr(el, e->text) < 0)
    return CC_ERROR;
  return CC_REFRESH;
}

static enum state read_line(struct lmj_editor *e) {
  const char *line;
  char *copy = strdup(e->text);
  int n = 0;

  if (!copy)
    return BROKEN;
  free(e->prompt);
  e->prompt = copy;
  e->done = 0;
  memset(&e->shift, 0, sizeof e->shift);
  follow_size(e);
  el_set(e->el, EL_PREP_TERM, 1); /* no key is for the old mode */
  line = el_gets(e->el, &n);
  if (e->done) {
    fputs("^C\n", stdout);
    fflush(stdout);
    return CANCELLED;
  }
  if (!line || n <= 0)
    return END;
  free(e->line);
  e->line = strndup(line, (size_t)n);
  return e->line ? LINE : BROKEN;
}

static locale_t use_locale(void) {
  locale_t own = newlocale(LC_CTYPE_MASK, "", (locale_t)0);

  /* Terminals speak UTF-8, also to those who said LC_ALL=C. */
  if (!own || strcmp(nl_langinfo_l(CODESET, own), "UTF-8") != 0) {
    locale_t other = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (other) {
      if (own)
        freelocale(own);
      own = other;
    }
  }
  if (own)
    uselocale(own);
  return own;
}

static int open_editor(struct lmj_editor *e) {
  HistEvent ev;

  e->el = el_init("mjlua", stdin, stdout, stderr);
  e->history = history_init();
  if (!e->el || !e->history)
    return 0;
  e->columns = columns_of_terminal();
  history(e->history, &ev, H_SETSIZE, e->history_size);
  history(e->history, &ev, H_SETUNIQUE, 1);
  el_set(e->el, EL_CLIENTDATA, e);
  el_set(e->el, EL_EDITOR, "emacs");
  el_set(e->el, EL_SIGNAL, 0);
  el_set(e->el, EL_PROMPT, prompt);
  el_set(e->el, EL_HIST, history, e->history);
  el_set(e->el, EL_GETCFN, get_character);
  el_wset(e->el, EL_ADDFN, L"mj-complete", L"completes names of Lua", complete);
  el_set(e->el, EL_BIND, "^I", "mj-complete", NULL);
  el_set(e->el, EL_BIND, "^R", "em-inc-search-prev", NULL);
  el_source(e->el, NULL); /* ~/.editrc */
  return 1;
}

static void *serve(void *ud) {
  struct lmj_editor *e = ud;
  locale_t own = use_locale();
  HistEvent ev;

  e->state = open_editor(e) ? IDLE : BROKEN;
  give_back(e);
  while (e->order != QUIT) {
    if (e->order == START)
      e->state = read_line(e);
    else if (e->order == REMEMBER)
      history(e->history, &ev, H_ENTER, e->text);
    give_back(e);
  }
  if (e->el)
    el_end(e->el);
  if (e->history)
    history_end(e->history);
  uselocale(LC_GLOBAL_LOCALE);
  if (own)
    freelocale(own);
  pthread_mutex_lock(&e->mutex);
  e->theirs = 0;
  pthread_cond_broadcast(&e->turned);
  pthread_mutex_unlock(&e->mutex);
  return NULL;
}

/* Lua -----------------------------------------------------------------------
 */

static struct lmj_editor *check_editor(lua_State *L) {
  struct lmj_editor *e = luaL_checkudata(L, 1, EDITOR);

  if (!e->open)
    luaL_error(L, "mj.edit: the editor is closed");
  return e;
}

static int l_close(lua_State *L) {
  struct lmj_editor *e = luaL_checkudata(L, 1, EDITOR);

  if (!e->open)
    return 0;
  e->open = 0;
  if (e->state == HUNGRY || e->state == ASKED)
    give(e, CANCEL, NULL);
  give(e, QUIT, NULL);
  pthread_join(e->thread, NULL);
  pthread_cond_destroy(&e->turned);
  pthread_mutex_destroy(&e->mutex);
  free(e->prompt);
  free(e->line);
  return 0;
}

/* open(history) -> editor; nil where the terminal is none that can be edited
   on.  history: how many lines it remembers. */
static int l_open(lua_State *L) {
  struct lmj_editor *e;
  sigset_t all, old;
  int size = (int)luaL_optinteger(L, 1, 1000);

  if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
    return 0;
  e = lua_newuserdatauv(L, sizeof *e, 0);
  memset(e, 0, sizeof *e);
  e->history_size = size;
  pthread_mutex_init(&e->mutex, NULL);
  pthread_cond_init(&e->turned, NULL);
  e->theirs = 1;
  sigfillset(&all); /* signals are for the thread that runs Lua */
  pthread_sigmask(SIG_BLOCK, &all, &old);
  e->open = pthread_create(&e->thread, NULL, serve, e) == 0;
  pthread_sigmask(SIG_SETMASK, &old, NULL);
  luaL_setmetatable(L, EDITOR);
  if (!e->open)
    return 0;
  pthread_mutex_lock(&e->mutex);
  while (e->theirs)
    pthread_cond_wait(&e->turned, &e->mutex);
  pthread_mutex_unlock(&e->mutex);
  if (e->state != BROKEN)
    return 1;
  l_close(L);
  return 0;
}

/* start(prompt): a new line. */
static int l_start(lua_State *L) {
  struct lmj_editor *e = check_editor(L);
  const char *text = luaL_checkstring(L, 2);

  if (e->state == HUNGRY || e->state == ASKED)
    return luaL_error(L, "mj.edit: a line is being read");
  give(e, START, text);
  return 0;
}

static int answer(lua_State *L, struct lmj_editor *e) {
  static const char *const names[] = {NULL,  NULL,     "complete", "line",
                                      "end", "cancel", "end"};
  const char *name = names[e->state];

  if (!name)
    return 0;
  lua_pushstring(L, name);
  if (e->state != LINE && e->state != ASKED)
    return 1;
  lua_pushstring(L, e->line);
  return 2;
}

/* A byte of the terminal, if there is one: 0 = none.  One by one: what comes
   after the line is for whoever reads next. */
static int next_byte(struct lmj_editor *e) {
  struct pollfd p = {STDIN_FILENO, POLLIN, 0};
  unsigned char c;
  ssize_t n;

  if (poll(&p, 1, 0) <= 0)
    return 0;
  n = read(STDIN_FILENO, &c, 1);
  if (n < 0 && (errno == EINTR || errno == EAGAIN))
    return 0;
  e->byte = n == 1 ? c : -1;
  return 1;
}

/* feed() -> what came of the keys that were there: nil (more are wanted), or
   "line" and its text, "end", "complete" and the text before the cursor. */
static int l_feed(lua_State *L) {
  struct lmj_editor *e = check_editor(L);

  while (e->state == HUNGRY && next_byte(e))
    give(e, FEED, NULL);
  return answer(L, e);
}

/* complete(text): the answer to "complete"; what to put in at the cursor. */
static int l_complete(lua_State *L) {
  struct lmj_editor *e = check_editor(L);
  const char *text = luaL_optstring(L, 2, "");

  if (e->state == ASKED)
    give(e, COMPLETE, text);
  return answer(L, e);
}

/* cancel(): gives the line up. */
static int l_cancel(lua_State *L) {
  struct lmj_editor *e = check_editor(L);

  if (e->state == HUNGRY || e->state == ASKED)
    give(e, CANCEL, NULL);
  return answer(L, e);
}

/* above(text): writes lines above the one that is typed. */
static int l_above(lua_State *L) {
  struct lmj_editor *e = check_editor(L);
  const char *text = luaL_checkstring(L, 2);

  if (e->state == HUNGRY || e->state == ASKED) {
    give(e, ABOVE, text);
  } else {
    fputs(text, stdout);
    fflush(stdout);
  }
  return 0;
}

/* redraw(): the terminal was somebody else's meanwhile. */
static int l_redraw(lua_State *L) {
  struct lmj_editor *e = check_editor(L);

  if (e->state == HUNGRY)
    give(e, REDRAW, NULL);
  return 0;
}

/* remember(text): for the arrow keys. */
static int l_remember(lua_State *L) {
  struct lmj_editor *e = check_editor(L);
  const char *text = luaL_checkstring(L, 2);

  if (e->state != HUNGRY && e->state != ASKED)
    give(e, REMEMBER, text);
  return 0;
}

int luaopen_mj_edit(lua_State *L) {
  static const luaL_Reg methods[] = {
      {"start", l_start},       {"feed", l_feed},
      {"complete", l_complete}, {"cancel", l_cancel},
      {"above", l_above},       {"redraw", l_redraw},
      {"remember", l_remember}, {"close", l_close},
      {"__gc", l_close},        {NULL, NULL}};
  static const luaL_Reg functions[] = {{"open", l_open}, {NULL, NULL}};

  lmj_newmetatable(L, EDITOR);
  luaL_setfuncs(L, methods, 0);
  lua_pushvalue(L, -1);
  lua_setfield(L, -2, "__index");
  lua_pop(L, 1);
  luaL_newlib(L, functions);
  lua_pushfstring(L, "libedit/%d.%d", LIBEDIT_MAJOR, LIBEDIT_MINOR);
  lua_setfield(L, -2, "library");
  return 1;
}
