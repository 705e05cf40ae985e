/* SPDX-License-Identifier: MIT
   store_sqlite_open.c - is it a journal, ours, and whole?  Then it is opened;
   where there is none it is made under another name and moved into place, so
   that PATH is never half a journal. */
#include "store_sqlite_int.h"
#include "err.h"
#include "os.h"
#include "os_private.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The sums of rows that were forgotten. */
#define PAST                                                                   \
  " TABLE past("                                                               \
  " seq INTEGER PRIMARY KEY, gateway TEXT, budget TEXT, run TEXT,"             \
  " what TEXT, mode TEXT, state TEXT, day INTEGER, count INTEGER,"             \
  " priced INTEGER, amount INTEGER) STRICT;"

/* From format n to n + 1. */
static const char *const steps[MJ__JOURNAL_VERSION] = {
    [1] = "ALTER TABLE task ADD COLUMN what TEXT;"
          "ALTER TABLE task ADD COLUMN budget TEXT;"
          "ALTER TABLE task ADD COLUMN price INTEGER;CREATE" PAST};

static const char schema[] =
    "BEGIN;"
    /* final: settled, see store.h; in the row so that an index can skip it */
    "CREATE TABLE task("
    " seq INTEGER PRIMARY KEY, token TEXT NOT NULL UNIQUE, op TEXT,"
    " state TEXT NOT NULL, final INTEGER NOT NULL, attempt INTEGER,"
    " task_id TEXT, url TEXT, body BLOB, body_sha BLOB,"
    " scope TEXT, key TEXT, run TEXT, gateway TEXT,"
    " parent TEXT, parent_token TEXT, button TEXT, mode TEXT,"
    " state_user TEXT, prompt TEXT,"
    " error INTEGER, error_text TEXT, created_ms INTEGER, sent_ms INTEGER,"
    " changed_ms INTEGER, print TEXT, what TEXT, budget TEXT,"
    " price INTEGER) STRICT;"
    "CREATE" PAST "CREATE INDEX task_open ON task(final) WHERE final = 0;"
    "CREATE INDEX task_settled ON task(changed_ms) WHERE final <> 0;"
    "CREATE INDEX task_key ON task(key) WHERE key IS NOT NULL;"
    /* not unique: ids of one gateway may collide */
    "CREATE INDEX task_task_id ON task(task_id) WHERE task_id IS NOT NULL;"
    "CREATE INDEX task_body ON task(body_sha) WHERE body_sha IS NOT NULL;"
    "CREATE TABLE body("
    " sha256 BLOB PRIMARY KEY, data BLOB NOT NULL) STRICT;"
    /* apart, too: a row that grows makes its neighbours move */
    "CREATE TABLE result("
    " seq INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;"
    "CREATE TABLE run("
    " seq INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, script TEXT,"
    " started_ms INTEGER, ended_ms INTEGER, pid INTEGER,"
    " clean INTEGER) STRICT;"
    "CREATE INDEX run_script ON run(script);"
    "CREATE TABLE file("
    " token TEXT NOT NULL, n INTEGER NOT NULL, path TEXT NOT NULL,"
    " bytes INTEGER, sha256 TEXT, PRIMARY KEY(token, n)) STRICT,"
    " WITHOUT ROWID;"
    "CREATE TABLE event("
    " seq INTEGER PRIMARY KEY, wall_ms INTEGER, token TEXT,"
    " kind TEXT NOT NULL, detail TEXT) STRICT;"
    "COMMIT;";

int mj__sqlite_error(sqlite3 *db, const char *path, const char *what,
                     mj_error *err) {
  return mj__err_set(err, MJ_EJOURNAL, "journal %.160s: cannot %s: %s", path,
                     what, db ? sqlite3_errmsg(db) : "out of memory");
}

static int damaged(int rc) {
  return (rc & 0xff) == SQLITE_CORRUPT || (rc & 0xff) == SQLITE_NOTADB;
}

/* The answer of a pragma as text; its result code. */
static int ask(sqlite3 *db, const char *sql, char *out, size_t size) {
  sqlite3_stmt *st = NULL;
  int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
  out[0] = '\0';
  if (rc == SQLITE_OK)
    rc = sqlite3_step(st);
  if (rc == SQLITE_ROW) {
    const unsigned char *text = sqlite3_column_text(st, 0);
    (void)snprintf(out, size, "%s", text ? (const char *)text : "");
    rc = SQLITE_OK;
  } else if (rc == SQLITE_DONE) {
    rc = SQLITE_OK;
  }
  (void)sqlite3_finalize(st);
  return rc;
}

static int execute(sqlite3 *db, const char *sql) {
  return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

/* Opens and sets up; what SQLite says.  Exclusive: nobody else's connection
   may write or checkpoint (a WAL that two connections reset can lose
   transactions, SQLite before 3.51.3), and no shared memory is needed. */
static int connect_to(sqlite3 **db, const char *path, const char *vfs) {
  static const char *const settings[] = {
      "PRAGMA locking_mode=EXCLUSIVE",     "PRAGMA journal_mode=WAL",
      "PRAGMA synchronous=FULL",           "PRAGMA mmap_size=0",
      "PRAGMA cell_size_check=ON",         "PRAGMA trusted_schema=OFF",
      "PRAGMA wal_autocheckpoint=0", /* done by hand, to see it fail */
      "PRAGMA journal_size_limit=8388608", "PRAGMA temp_store=MEMORY"};
  char name[MJ__OS_PATH + 2], text[64];
  size_t i;
  int rc;
  /* ":memory:" and "file:" mean something else to SQLite */
  (void)snprintf(name, sizeof name, "%s%s", path[0] == '/' ? "" : "./", path);
  rc = sqlite3_open_v2(name, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
                       vfs);
  if (rc != SQLITE_OK)
    return rc;
  (void)sqlite3_extended_result_codes(*db, 1);
  (void)sqlite3_busy_timeout(*db, 2000);
  (void)sqlite3_db_config(*db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
  (void)sqlite3_db_config(*db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
  (void)sqlite3_db_config(*db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
  (void)sqlite3_db_config(*db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
  for (i = 0; i < sizeof settings / sizeof settings[0]; i++) {
    rc = ask(*db, settings[i], text, sizeof text);
    if (rc == SQLITE_OK && i == 1 && strcmp(text, "wal") != 0)
      rc = SQLITE_CANTOPEN;
    if (rc != SQLITE_OK)
      return rc;
  }
  return SQLITE_OK;
}

static void beside(char out[MJ__OS_PATH], const char *path, const char *end) {
  (void)snprintf(out, MJ__OS_PATH, "%s%s", path, end);
}

/* A new journal, whole before it has its name. */
static int make(struct mj__sqlite *s, const char *vfs, mj_error *err) {
  static const char *const ends[] = {".new", ".new-wal", ".new-shm",
                                     ".new-journal"};
  char path[MJ__OS_PATH], name[MJ__OS_PATH], sql[160];
  sqlite3 *db = NULL;
  size_t i;
  int rc;
  for (i = 0; i < sizeof ends / sizeof ends[0]; i++) {
    beside(path, s->path, ends[i]);
    if (mj__os_private_remove(path) != 0)
      return mj__err_set(err, MJ_EJOURNAL, "cannot remove %.200s", path);
  }
  beside(name, s->path, ".new");
  rc = mj__os_private_new(name, err);
  if (rc)
    return rc;
  (void)snprintf(sql, sizeof sql,
                 "PRAGMA application_id=%d;PRAGMA user_version=%d",
                 MJ__JOURNAL_APP, MJ__JOURNAL_VERSION);
  if (connect_to(&db, name, vfs) != SQLITE_OK || execute(db, schema) ||
      execute(db, sql) ||
      sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
                                NULL) != SQLITE_OK)
    rc = mj__sqlite_error(db, s->path, "make it", err);
  if (sqlite3_close(db) != SQLITE_OK && rc == MJ_OK)
    rc = mj__sqlite_error(NULL, s->path, "make it", err);
  beside(path, s->path, ".new-wal"); /* empty: all is in the file */
  if (rc == MJ_OK && mj__os_private_remove(path) != 0)
    rc = mj__err_set(err, MJ_EJOURNAL, "cannot remove %.200s", path);
  if (rc == MJ_OK)
    rc = mj__os_private_move(name, s->path, err);
  if (rc)
    (void)mj__os_private_remove(name);
  return rc;
}

/* Out of the way, with what belongs to it, for somebody to look at. */
static int move_aside(struct mj__sqlite *s, const char *why, mj_error *err) {
  static const char *const ends[] = {"-wal", "-shm", "-journal", ""};
  char from[MJ__OS_PATH], to[MJ__OS_PATH], aside[48];
  long long at = mj__os_wall_ms() / 1000;
  int64_t size;
  size_t i;
  int rc = MJ_OK;
  do {
    (void)snprintf(aside, sizeof aside, ".corrupt-%lld", at++);
    beside(to, s->path, aside);
  } while (mj__os_private_file(to, &size, NULL) != 0);
  /* the journal itself last: until then the next start finds it damaged */
  for (i = 0; i < sizeof ends / sizeof ends[0] && rc == MJ_OK; i++) {
    beside(from, s->path, ends[i]);
    (void)snprintf(to, sizeof to, "%s%s%s", s->path, aside, ends[i]);
    if (mj__os_private_file(from, &size, NULL) != 0)
      rc = mj__os_private_move(from, to, err);
  }
  if (rc)
    return rc;
  return mj__err_set(err, MJ_EJOURNAL,
                     "journal %.120s is damaged (%.80s); it was moved to "
                     "%.160s. What was unfinished is in there; the next start "
                     "begins a new one",
                     s->path, why, to);
}

/* 1 = open it, 0 = there is none. */
static int look(struct mj__sqlite *s, int made, mj_error *err) {
  char wal[MJ__OS_PATH], shm[MJ__OS_PATH];
  unsigned char head[16] = {0};
  int64_t size, wal_size, shm_size;
  int there = mj__os_private_file(s->path, &size, err), wal_there, n;
  beside(wal, s->path, "-wal");
  beside(shm, s->path, "-shm");
  wal_there = there < 0 ? there : mj__os_private_file(wal, &wal_size, err);
  if (wal_there >= 0 && mj__os_private_file(shm, &shm_size, err) < 0)
    wal_there = MJ_EJOURNAL;
  if (wal_there < 0)
    return wal_there;
  if (!there)
    /* SQLite would throw a WAL away that has no database */
    return wal_there && wal_size > 0
               ? move_aside(s, "only its -wal is there", err)
               : 0;
  n = mj__os_private_head(s->path, head, sizeof head, err);
  if (n < 0)
    return n;
  /* where the power went during a checkpoint the WAL has the first page */
  if (memcmp(head, "SQLite format 3", 16) == 0 ||
      (n > 0 && wal_there && wal_size > 0))
    return 1;
  /* no lock was beside it, so it never was a journal */
  if (made)
    return mj__err_set(err, MJ_EJOURNAL,
                       "%.200s is there and is no journal: name another file",
                       s->path);
  return move_aside(s, n ? "it does not begin like one" : "it is empty", err);
}

/* Reads all of a file, past SQLite's cache. */
static int readable(sqlite3 *db, int which) {
  sqlite3_file *f = NULL;
  sqlite3_int64 at, size;
  char page[4096];
  int rc = sqlite3_file_control(db, "main", which, &f);
  if (rc != SQLITE_OK || !f || !f->pMethods)
    return 1;
  rc = f->pMethods->xFileSize(f, &size);
  for (at = 0; rc == SQLITE_OK && at < size; at += (int)sizeof page)
    rc = f->pMethods->xRead(f, page, sizeof page, at);
  return rc == SQLITE_OK || rc == SQLITE_IOERR_SHORT_READ;
}

/* MJ_OK, MJ_EPROTOCOL, or MJ_EJOURNAL.  quick_check reports a page that cannot
   be read as it does a page that is wrong; a disk with trouble is no reason to
   put a journal away. */
static int whole(struct mj__sqlite *s, char why[128], mj_error *err) {
  int i, rc;
  for (i = 0; i < 2; i++) {
    rc = ask(s->db, "PRAGMA quick_check(1)", why, 128);
    if (rc == SQLITE_OK && strcmp(why, "ok") == 0)
      return MJ_OK;
    if (rc != SQLITE_OK && !damaged(rc))
      return mj__sqlite_error(s->db, s->path, "check it", err);
    if (!readable(s->db, SQLITE_FCNTL_FILE_POINTER) ||
        !readable(s->db, SQLITE_FCNTL_JOURNAL_POINTER))
      return mj__err_set(err, MJ_EJOURNAL, "journal %.160s: cannot read it",
                         s->path);
  }
  return MJ_EPROTOCOL;
}

/* Whose it is, and whether it is whole: MJ_EPROTOCOL when it is not. */
static int check(struct mj__sqlite *s, char why[128], mj_error *err) {
  char app[32], version[32];
  int rc;
  why[0] = '\0';
  rc = ask(s->db, "PRAGMA application_id", app, sizeof app);
  if (rc == SQLITE_OK)
    rc = ask(s->db, "PRAGMA user_version", version, sizeof version);
  if (damaged(rc))
    return MJ_EPROTOCOL;
  if (rc != SQLITE_OK)
    return mj__sqlite_error(s->db, s->path, "check it", err);
  if (strtol(app, NULL, 10) != MJ__JOURNAL_APP)
    return mj__err_set(err, MJ_EJOURNAL,
                       "%.200s is the database of another program: name "
                       "another file",
                       s->path);
  if (strtol(version, NULL, 10) > MJ__JOURNAL_VERSION)
    return mj__err_set(err, MJ_EJOURNAL,
                       "journal %.160s was written by a newer mj (format "
                       "%.20s): use that one, or name another file",
                       s->path, version);
  if (strtol(version, NULL, 10) < 1)
    return MJ_EPROTOCOL; /* there never was a format 0 */
  return whole(s, why, err);
}

/* The first of format 1 had no prints, and one index less. */
static int add_prints(sqlite3 *db) {
  char text[64];
  int rc =
      ask(db, "SELECT name FROM pragma_table_info('task') WHERE name='print'",
          text, sizeof text);
  if (rc != SQLITE_OK || text[0])
    return rc;
  return execute(db, "ALTER TABLE task ADD COLUMN print TEXT;"
                     "CREATE INDEX IF NOT EXISTS task_settled ON "
                     "task(changed_ms) WHERE final <> 0");
}

/* A journal of an older mj becomes one of this: all of it, or nothing. */
static int update(struct mj__sqlite *s, mj_error *err) {
  char text[64];
  int rc = ask(s->db, "PRAGMA user_version", text, sizeof text);
  long version = strtol(text, NULL, 10);
  if (rc == SQLITE_OK && version >= MJ__JOURNAL_VERSION)
    return MJ_OK;
  if (rc == SQLITE_OK)
    rc = execute(s->db, "BEGIN IMMEDIATE");
  if (rc == SQLITE_OK && version == 1)
    rc = add_prints(s->db);
  for (; rc == SQLITE_OK && version < MJ__JOURNAL_VERSION; version++)
    rc = execute(s->db, steps[version]);
  (void)snprintf(text, sizeof text, "PRAGMA user_version=%d",
                 MJ__JOURNAL_VERSION);
  if (rc == SQLITE_OK)
    rc = execute(s->db, text);
  if (rc == SQLITE_OK)
    rc = execute(s->db, "COMMIT");
  if (damaged(rc) || rc == SQLITE_ERROR) /* no such table */
    return MJ_EPROTOCOL;
  return rc == SQLITE_OK ? MJ_OK
                         : mj__sqlite_error(s->db, s->path, "update it", err);
}

static int prepare(struct mj__sqlite *s, mj_error *err) {
  int i;
  for (i = 0; i < MJ__SQLS; i++) {
    int rc = sqlite3_prepare_v3(s->db, mj__sql[i], -1,
                                SQLITE_PREPARE_PERSISTENT, &s->stmts[i], NULL);
    if (damaged(rc) || rc == SQLITE_ERROR) /* no such table */
      return MJ_EPROTOCOL;
    if (rc != SQLITE_OK)
      return mj__sqlite_error(s->db, s->path, "prepare it", err);
  }
  return MJ_OK;
}

static int on_wal(void *ud, sqlite3 *db, const char *name, int pages) {
  (void)db;
  (void)name;
  ((struct mj__sqlite *)ud)->wal_pages = pages;
  return SQLITE_OK;
}

int mj__sqlite_open(struct mj__sqlite *s, const char *vfs, int made,
                    mj_error *err) {
  char why[128] = "";
  int rc = look(s, made, err);
  if (rc == 0)
    rc = make(s, vfs, err);
  if (rc < 0)
    return rc;
  rc = connect_to(&s->db, s->path, vfs);
  if ((rc & 0xff) == SQLITE_BUSY)
    return mj__err_set(err, MJ_EJOURNAL,
                       "another program has the journal %.200s open", s->path);
  if (rc != SQLITE_OK && !damaged(rc))
    return mj__sqlite_error(s->db, s->path, "open it", err);
  rc = rc == SQLITE_OK ? check(s, why, err) : MJ_EPROTOCOL;
  if (rc == MJ_OK)
    rc = update(s, err);
  if (rc == MJ_OK)
    rc = prepare(s, err);
  if (rc == MJ_EPROTOCOL) {
    if (!why[0] || strcmp(why, "ok") == 0)
      (void)snprintf(why, sizeof why, "%s", sqlite3_errmsg(s->db));
    mj__sqlite_close(s);
    return move_aside(s, why, err);
  }
  if (rc == MJ_OK)
    (void)sqlite3_wal_hook(s->db, on_wal, s);
  return rc;
}

/* 1 = the table has the column; below 0: what SQLite says, negative. */
static int has_column(sqlite3 *db, const char *name) {
  char sql[96], text[64];
  int rc;
  (void)snprintf(sql, sizeof sql,
                 "SELECT name FROM pragma_table_info('task') WHERE name='%s'",
                 name);
  rc = ask(db, sql, text, sizeof text);
  return rc == SQLITE_OK ? text[0] != '\0' : -rc;
}

/* A copy of an older journal stays as it is; what came later reads as nothing.
   Names that are not qualified are those of the temporary schema first. */
static int seem_new(struct mj__sqlite *s, mj_error *err) {
  char sql[sizeof PAST + 160];
  int price = has_column(s->db, "price"), print = has_column(s->db, "print");
  if (price == 1)
    return MJ_OK;
  (void)snprintf(sql, sizeof sql,
                 "CREATE TEMP VIEW task AS SELECT *,NULL AS what,"
                 "NULL AS budget,NULL AS price%s FROM main.task;%s",
                 print == 0 ? ",NULL AS print" : "", "CREATE TEMP" PAST);
  if (price < 0 || print < 0 || execute(s->db, sql) != SQLITE_OK)
    return mj__sqlite_error(s->db, s->path, "read it", err);
  return MJ_OK;
}

int mj__sqlite_look(struct mj__sqlite *s, const char *vfs, mj_error *err) {
  char why[128] = "";
  int rc = connect_to(&s->db, s->path, vfs);
  if (rc != SQLITE_OK && !damaged(rc))
    return mj__sqlite_error(s->db, s->path, "open it", err);
  /* the copy stays one */
  (void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  rc = rc == SQLITE_OK ? check(s, why, err) : MJ_EPROTOCOL;
  if (rc == MJ_EPROTOCOL)
    rc = mj__err_set(err, MJ_EJOURNAL,
                     "journal %.160s is damaged (%.80s); the next start of its "
                     "script moves it aside",
                     s->path, why[0] ? why : sqlite3_errmsg(s->db));
  return rc == MJ_OK ? seem_new(s, err) : rc;
}

void mj__sqlite_close(struct mj__sqlite *s) {
  int i;
  for (i = 0; i < MJ__SQLS; i++) {
    (void)sqlite3_finalize(s->stmts[i]);
    s->stmts[i] = NULL;
  }
  for (i = 0; i < MJ__SQLITE_FINDS; i++) {
    (void)sqlite3_finalize(s->finds[i]);
    s->finds[i] = NULL;
  }
  if (!s->db)
    return;
  /* what is broken is left as it is */
  if (atomic_load(&s->broken))
    (void)sqlite3_db_config(s->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
  (void)sqlite3_close(s->db);
  s->db = NULL;
}
