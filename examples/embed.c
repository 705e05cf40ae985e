/* SPDX-License-Identifier: MIT
   embed.c - the core from plain C, in a program with its own poll() loop.

     cc -Icsrc examples/embed.c -Lbuild -lmj -Wl,-rpath,build -o embed
     MJ_BASE_URL=https://... MJ_API_KEY=sk-... ./embed FOLDER [PROMPT]

   Submits a prompt, clicks the button "U2" of the result, saves both
   pictures. */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <mj.h>

/* What this program wants from a finished job; copied, since an event's
   strings are borrowed until the next call. */
struct result {
  int ok;
  char id[128];
  char url[2048];
  char *data; /* the task's JSON, or the picture */
  size_t size;
};

static int complain(const char *what, const mj_error *err) {
  fprintf(stderr, "embed: %s: %s (%s)\n", what, err->text,
          mj_error_name(err->code));
  return 0;
}

static void keep(struct result *r, const char *data, size_t n) {
  free(r->data);
  r->data = malloc(n ? n : 1);
  if (r->data) {
    memcpy(r->data, data, n);
    r->size = n;
  }
}

static void take(struct result *r, const mj_event *ev) {
  if (ev->error) {
    complain("job", ev->error);
    return;
  }
  r->ok = 1;
  if (ev->task) {
    snprintf(r->id, sizeof r->id, "%s", ev->task->id);
    if (ev->task->image_url)
      snprintf(r->url, sizeof r->url, "%s", ev->task->image_url);
    keep(r, ev->task->json, ev->task->json_len);
  } else if (ev->data) {
    keep(r, ev->data, ev->data_len);
  }
}

/* The program's loop: one descriptor and one timeout are all mj asks for.  A
   program with sockets of its own puts them into the same poll(). */
static int wait_for(mj_client *c, mj_id id, struct result *r) {
  int ended = 0;

  while (!ended) {
    struct pollfd p;
    const mj_event *ev;
    int64_t ms = mj_timeout(c);

    p.fd = mj_fd(c);
    p.events = POLLIN;
    p.revents = 0;
    poll(&p, 1, ms < 0 || ms > 60000 ? 60000 : (int)ms);
    mj_step(c, 0, 0);
    while ((ev = mj_event_peek(c)) != NULL) {
      if (ev->type == MJ_EV_PROGRESS && ev->task->progress >= 0)
        fprintf(stderr, "\r%3d %%", ev->task->progress);
      if (ev->type == MJ_EV_DONE && ev->id == id) {
        take(r, ev);
        ended = 1;
      }
      mj_event_pop(c);
    }
  }
  return r->ok;
}

/* Downloads the picture of a task and writes it to FOLDER/NAME. */
static int save(mj_client *c, const char *url, const char *folder,
                const char *name) {
  char path[4096];
  struct result picture = {0}, written = {0};
  mj_error err;
  mj_id id;
  int ok;

  snprintf(path, sizeof path, "%s/%s", folder, name);
  if (mj_fetch(c, url, &id, &err) != MJ_OK)
    return complain("fetch", &err);
  ok = wait_for(c, id, &picture);
  if (ok && mj_write(c, path, picture.data, picture.size, &id, &err) != MJ_OK)
    ok = complain("write", &err);
  else if (ok)
    ok = wait_for(c, id, &written);
  free(picture.data);
  free(written.data);
  if (ok)
    printf("%s\n", path);
  return ok;
}

static int submit(mj_client *c, const mj_request *r, struct result *out) {
  mj_error err;
  mj_id id;

  if (mj_submit(c, r, &id, &err) != MJ_OK)
    return complain("submit", &err);
  return wait_for(c, id, out);
}

static int run(mj_client *c, const char *folder, const char *prompt) {
  struct result grid = {0}, big = {0};
  mj_request r;
  int ok;

  memset(&r, 0, sizeof r);
  r.op = MJ_OP_IMAGINE;
  r.prompt = prompt;
  r.progress = 1;
  ok = submit(c, &r, &grid);
  if (ok) {
    fprintf(stderr, "\rgrid %s\n", grid.id);
    ok = save(c, grid.url, folder, "grid.png");
  }

  memset(&r, 0, sizeof r);
  r.op = MJ_OP_CLICK;
  r.task = grid.id;
  r.button = "U2"; /* by its label; with the JSON at hand no fetch is needed */
  r.task_json = grid.data;
  r.task_json_len = grid.size;
  r.progress = 1;
  ok = ok && submit(c, &r, &big);
  if (ok) {
    fprintf(stderr, "\rupscale %s\n", big.id);
    ok = save(c, big.url, folder, "upscale.png");
  }
  free(big.data);
  free(grid.data);
  return ok;
}

int main(int argc, char **argv) {
  mj_config cfg;
  mj_client *c;
  mj_error err;
  int ok;

  if (argc < 2) {
    fprintf(stderr, "usage: embed FOLDER [PROMPT]\n");
    return 2;
  }
  mj_config_init(&cfg);
  cfg.base_url = getenv("MJ_BASE_URL");
  cfg.api_key = getenv("MJ_API_KEY");
  if (!cfg.base_url) {
    fprintf(stderr, "embed: MJ_BASE_URL is not set\n");
    return 2;
  }
  if (mj_client_new(&c, &cfg, &err) != MJ_OK) {
    complain("client", &err);
    return 1;
  }
  ok = run(c, argv[1], argc > 2 ? argv[2] : "black cat, cinematic lighting");
  mj_client_free(c);
  return ok ? 0 : 1;
}
