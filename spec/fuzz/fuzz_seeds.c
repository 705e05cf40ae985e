/* SPDX-License-Identifier: MIT
   fuzz_seeds.c - fuzz_seeds FOLDER: makes a folder of seeds for each target,
   from the replies and requests of spec/wire. */
#include "fuzz.h"
#include "fixture.h"

#include <errno.h>
#include <sys/stat.h>

enum { CASES = 2000 };

static const char *root;
static size_t made;

static void folder(const char *path) {
  if (mkdir(path, 0777) != 0 && errno != EEXIST) {
    perror(path);
    exit(2);
  }
}

/* `head` are the bytes that choose; see the targets. */
static void seed(const char *target, const char *name, const char *head,
                 const char *p, size_t n) {
  char path[1000];
  FILE *f;
  (void)snprintf(path, sizeof path, "%s/%s", root, target);
  folder(path);
  (void)snprintf(path, sizeof path, "%s/%s/%s%s", root, target, name, head);
  f = fopen(path, "wb");
  if (!f || fwrite(head, 1, strlen(head), f) != strlen(head) ||
      fwrite(p, 1, n, f) != n || fclose(f) != 0) {
    perror(path);
    exit(2);
  }
  made++;
}

static void seed_text(const char *target, const char *name, const char *head,
                      const char *s) {
  if (s)
    seed(target, name, head, s, strlen(s));
}

static char status_of(const struct fixture *c) {
  static const char *const known[] = {"200", "201", "204", "302", "400",
                                      "401", "403", "404", "413", "429",
                                      "500", "502", "503", "521"};
  const char *p = strchr(c->reply.p, ' ');
  size_t i;
  for (i = 0; p && i < sizeof known / sizeof known[0]; i++)
    if (strncmp(p + 1, known[i], 3) == 0)
      return (char)('0' + i);
  return '0';
}

/* Of the generate family; those of the other one are odd enough. */
static void reply_generate(const struct fixture *c) {
  char head[3] = {status_of(c), '0', '\0'};
  size_t n;
  const char *p = fixture_body(&c->reply, &n);
  seed("taken", c->name, head, p, n);
  seed("status", c->name, "0", p, n);
}

static void reply(const struct fixture *c) {
  size_t n;
  const char *p = fixture_body(&c->reply, &n);
  oracle o;
  text list = {NULL, 0, 0};
  seed("json", c->name, "", p, n);
  seed("submit", c->name, strncmp(c->name, "error", 5) ? "000" : "400", p, n);
  seed("task", c->name, "", p, n);
  seed("ask", c->name, "00", p, n);
  seed("ask", c->name, "40", p, n);
  text_puts(&list, "[");
  text_add(&list, p, n);
  text_puts(&list, "]");
  seed("ask", c->name, "10", list.p, list.n);
  text_free(&list);
  oracle_read(&o, p, n);
  seed_text(
      "proposal", c->name, "0",
      oracle_text(oracle_get(oracle_get(o.root, "properties"), "finalPrompt")));
  seed_text("proposal", c->name, "1",
            oracle_text(oracle_get(o.root, "promptEn")));
  seed_text("picture", c->name, "0",
            oracle_text(oracle_get(o.root, "imageUrl")));
  oracle_free(&o);
}

static void request(const struct fixture *c) {
  size_t n, line = strcspn(c->request.p, "\r\n");
  const char *p = fixture_body(&c->request, &n);
  const char *path = strstr(c->request.p, c->generate ? "/api/v1/" : "/mj");
  text t = {NULL, 0, 0};
  seed("json", c->name, "r", p, n);
  if (!path || path > c->request.p + line)
    return;
  text_add(&t, c->request.p, strcspn(c->request.p, " ") + 1);
  text_add(&t, path, line - (size_t)(path - c->request.p));
  text_puts(&t, "\n");
  text_add(&t, p, n);
  if (c->generate) {
    text_puts(&t, "\n%%\nGET /api/v1/statusTask/midjourney?taskId=@");
    seed("sim", c->name, "40", t.p, t.n);
    text_free(&t);
    return;
  }
  text_puts(&t, "\n%%\nGET /mj/task/@/fetch\n%%\nGET /mj/task/list");
  seed("sim", c->name, "00", t.p, t.n);
  seed("sim", c->name, "10", t.p, t.n);
  seed("sim", c->name, "25", t.p, t.n);
  seed("sim", c->name, "30", t.p, t.n);
  text_free(&t);
}

/* Prompts as they were given. */
static void call(const struct fixture *c) {
  const char *prompt;
  oracle o;
  oracle_read(&o, c->call.p, c->call.n);
  prompt = oracle_text(oracle_get(o.root, "prompt"));
  seed_text("prompt", c->name, "0", prompt);
  seed_text("prompt", c->name, "1", prompt);
  seed_text("split", c->name, "0", prompt);
  seed_text("split", c->name, "1", prompt);
  oracle_free(&o);
}

/* What the fixtures have no bytes of. */
static void others(void) {
  static const char png[] = "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\1\0\0\0\2\0\x08";
  static const char gif[] = "GIF89a\x10\0\x20\0\0";
  static const char jpeg[] = "\xff\xd8\xff\xe0\0\x04JF\xff\xc0\0\x11\x08"
                             "\0\x10\0\x20\x03\x01\x22\0";
  static const char webp[] = "RIFF\x1a\0\0\0WEBPVP8X\x0a\0\0\0\0\0\0\0"
                             "\xff\0\0\xff\0\0";
  static const struct {
    const char *name, *p;
    size_t n;
  } files[] = {{"png", png, sizeof png},
               {"gif", gif, sizeof gif},
               {"jpeg", jpeg, sizeof jpeg},
               {"webp", webp, sizeof webp}};
  size_t i;
  for (i = 0; i < sizeof files / sizeof files[0]; i++) {
    seed("picture", files[i].name, "1", files[i].p, files[i].n);
    seed("image_info", files[i].name, "", files[i].p, files[i].n);
  }
  seed_text("picture", "data", "0", "data:image/png;base64,iVBORw0KGgo=");
  seed_text("proposal", "keycaps", "1",
            "1\xef\xb8\x8f\xe2\x83\xa3 a cat --ar 3:2\n\n"
            "2\xef\xb8\x8f\xe2\x83\xa3 a dog\n3\xe2\x83\xa3 a cow");
  seed_text("proposal", "tokens", "0",
            "## Important tokens\n**black** (0.49) cat ~~very~~ (0.1)\n"
            "## Shortened prompts\n1\xef\xb8\x8f\xe2\x83\xa3 black cat\n"
            "### Show Details\nblack \xe2\x96\x88\xe2\x96\x91 (0.49)");
  seed_text("prompt", "all", "0",
            "https://a.b/1.png a cat --v 7 \xe2\x80\x94"
            "ar 3:2 --no dogs, birds --soon 5 --tile -s 5 --niji 6 --ZOOM 1.5");
  seed_text("sim", "click", "10",
            "POST /mj/submit/imagine\n{\"prompt\":\"black cat\"}\n%%\n"
            "GET /mj/task/@/fetch\n%%\nGET /mj/task/@/fetch\n%%\n"
            "POST /mj/submit/change\n{\"taskId\":\"14001934816969359\","
            "\"action\":\"UPSCALE\",\"index\":2}\n%%\n"
            "POST /mj/submit/blend\n{\"base64Array\":[\"a\",\"b\"]}\n%%\n"
            "GET /mj/task/@/image-seed\n%%\nGET /mj/task/queue");
  seed_text("sim", "paint", "40",
            "POST /api/v1/generateTask/midjourney\n{\"input\":{\"mode\":"
            "\"upload-paint\",\"prompt\":\"hat\",\"image_urls\":[\"http://a/"
            "\"],\"mask\":{\"areas\":[{\"width\":9,\"height\":9,\"points\":"
            "[0,0,9,0,9,9]}]},\"canvas\":{\"width\":9,\"height\":9},"
            "\"imgPos\":{\"x\":0,\"y\":0,\"width\":9,\"height\":9}}}\n%%\n"
            "GET /api/v1/statusTask/midjourney?taskId=@\n%%\n"
            "POST /api/v1/generateTask/midjourney\n{\"input\":{\"mode\":"
            "\"upscale\",\"taskId\":\"@\",\"imageIndex\":0,\"type\":1}}");
}

int main(int argc, char **argv) {
  static struct fixture list[CASES];
  size_t n, i;
  if (argc != 2)
    return 2;
  root = argv[1];
  folder(root);
  n = fixtures_read(list, CASES);
  for (i = 0; i < n; i++) {
    if (list[i].call.p)
      call(&list[i]);
    if (list[i].reply.p)
      reply(&list[i]);
    if (list[i].reply.p && list[i].generate)
      reply_generate(&list[i]);
    if (list[i].request.p)
      request(&list[i]);
  }
  others();
  fixtures_free(list, n);
  (void)printf("%zu seeds\n", made);
  return made > 300 ? 0 : 1;
}
