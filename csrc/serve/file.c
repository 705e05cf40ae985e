/* SPDX-License-Identifier: MIT
   file.c - pictures that users send: read from data URLs, kept, and handed out
   again at an address, as Discord does. */
#include "sim_int.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MOST (256u * 1024 * 1024) /* bytes of pictures that are kept */

static int digit(int ch) {
  static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstu"
                               "vwxyz0123456789+/";
  const char *p = ch ? strchr(digits, ch) : NULL;
  return p ? (int)(p - digits) : -1;
}

/* RFC 4648, nothing left over and nothing in between. */
static unsigned char *decode(const char *text, size_t *n) {
  size_t len = strlen(text), pad = 0, out = 0;
  unsigned char *p;
  if (!len || len % 4)
    return NULL;
  while (pad < 2 && text[len - 1 - pad] == '=')
    pad++;
  p = malloc(len / 4 * 3 + 1);
  for (size_t i = 0; p && i < len; i += 4) {
    uint32_t v = 0;
    for (size_t k = 0; k < 4; k++) {
      int d = i + k >= len - pad ? 0 : digit((unsigned char)text[i + k]);
      if (d < 0) {
        free(p);
        return NULL;
      }
      v = v << 6 | (uint32_t)d;
    }
    p[out++] = (unsigned char)(v >> 16);
    p[out++] = (unsigned char)(v >> 8);
    p[out++] = (unsigned char)v;
  }
  *n = out - pad;
  return p;
}

static const struct {
  const char *type, *suffix;
} types[] = {{"image/png", "png"},
             {"image/jpeg", "jpg"},
             {"image/jpg", "jpg"},
             {"image/webp", "webp"},
             {"image/gif", "gif"}};

int sim_picture_read(const struct sim_call *c, const char *text,
                     struct sim_picture *out) {
  const char *comma, *data = text;
  memset(out, 0, sizeof *out);
  out->type = types[0].type;
  out->suffix = types[0].suffix;
  if (!text)
    return -1;
  if (sim_has(c, SIM_ADDRESSES) && !strncasecmp(text, "http", 4)) {
    out->url = text;
    return 0;
  }
  comma = strstr(text, ";base64,");
  if (!strncmp(text, "data:", 5) && comma && comma > text + 5) {
    data = comma + 8;
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++)
      if (strlen(types[i].type) == (size_t)(comma - text - 5) &&
          !strncmp(types[i].type, text + 5, strlen(types[i].type))) {
        out->type = types[i].type;
        out->suffix = types[i].suffix;
      }
  } else if (!sim_has(c, SIM_ADDRESSES)) {
    return -1;
  }
  out->bytes = decode(data, &out->len);
  return out->bytes ? 0 : -1;
}

void sim_picture_free(struct sim_picture *p) {
  free(p->bytes);
  p->bytes = NULL;
}

uint64_t sim_picture_key(const struct sim_picture *p) {
  return p->bytes ? sim_hash_bytes(p->bytes, p->len, 5) : sim_hash(p->url, 5);
}

/* Of a PNG, from its header; of anything else a square. */
void sim_picture_size(const struct sim_picture *p, int *width, int *height) {
  const unsigned char *b = p->bytes;
  *width = *height = 1024;
  if (!b || p->len < 24 || memcmp(b, "\x89PNG\r\n\x1a\n", 8) != 0)
    return;
  *width = (int)(b[18] << 8 | b[19]);
  *height = (int)(b[22] << 8 | b[23]);
  if (*width < 1 || *height < 1)
    *width = *height = 1024;
}

/* The oldest go when there are too many: their addresses answer like Discord's
   after a day. */
static void make_room(mj_sim *s) {
  while (s->files_size > MOST && s->files_gone + 1 < s->nfiles) {
    struct sim_file *f = s->files[s->files_gone++];
    s->files_size -= f->len;
    free(f->bytes);
    f->bytes = NULL;
  }
}

/* Takes the bytes over.  Returns the file's number + 1, 0 without memory. */
static size_t file_keep(mj_sim *s, struct sim_picture *p, const char *name) {
  struct sim_file *f;
  if (s->nfiles == s->files_cap) {
    size_t cap = s->files_cap ? s->files_cap * 2 : 16;
    struct sim_file **files = realloc(s->files, cap * sizeof(void *));
    if (!files)
      return 0;
    s->files = files;
    s->files_cap = cap;
  }
  f = calloc(1, sizeof *f);
  if (!f)
    return 0;
  f->key = sim_mix(sim_mix(sim_picture_key(p), s->seed), s->nfiles);
  sim_snowflake(f->key, 1, f->id, sizeof f->id);
  if (name)
    snprintf(f->name, sizeof f->name, "%s.%s", name, p->suffix);
  else
    snprintf(f->name, sizeof f->name, "%016llx%016llx.%s",
             (unsigned long long)sim_mix(f->key, 2),
             (unsigned long long)sim_mix(f->key, 3), p->suffix);
  f->type = p->type;
  f->at = s->now;
  if (sim_map_set(s, sim_hash(f->id, SIM_NAME_FILE), (uint32_t)s->nfiles + 1)) {
    free(f);
    return 0;
  }
  f->bytes = p->bytes;
  f->len = p->len;
  p->bytes = NULL;
  s->files[s->nfiles++] = f;
  s->files_size += f->len;
  make_room(s);
  return s->nfiles;
}

void sim_files_free(mj_sim *s) {
  for (size_t i = 0; i < s->nfiles; i++) {
    free(s->files[i]->bytes);
    free(s->files[i]);
  }
  free(s->files);
}

#define DAY 86400

static void file_link(const mj_sim *s, size_t file, char *buf, size_t size) {
  const struct sim_file *f = s->files[file - 1];
  int64_t is = f->at / 1000;
  char hm[72];
  snprintf(buf, size,
           "%s/attachments/" SIM_UPLOADS "/%s/%s?ex=%llx&is=%llx&hm=%s&",
           s->base_url, f->id, f->name, (long long)is + DAY, (long long)is,
           sim_sign(f->key, is, hm, sizeof hm));
}

char *sim_picture_link(mj_sim *s, struct sim_picture *p, const char *name,
                       size_t *file) {
  char text[512];
  *file = 0;
  if (p->url)
    return sim_copy(p->url);
  *file = file_keep(s, p, name);
  if (!*file)
    return NULL;
  file_link(s, *file, text, sizeof text);
  return sim_copy(text);
}

void sim_send_file(struct sim_call *c, size_t file) {
  const struct sim_file *f = c->s->files[file - 1];
  if (!f->bytes) {
    sim_put(&c->out, "This content is no longer available.");
    sim_reply(c, 403, "text/plain");
    return;
  }
  sim_putn(&c->out, (const char *)f->bytes, f->len);
  sim_reply(c, 200, f->type);
}

/* GET /attachments/{channel of uploads}/{message}/{name}?ex=&is=&hm=&: whole,
   and within a day. */
void sim_sent(struct sim_call *c) {
  char id[32], link[512];
  size_t n = strcspn(c->id, "/");
  uint32_t file;
  snprintf(id, sizeof id, "%.*s", (int)(n < sizeof id ? n : 0), c->id);
  file = sim_map_get(c->s, sim_hash(id, SIM_NAME_FILE));
  if (!file || file > c->s->nfiles || strcmp(c->s->files[file - 1]->id, id)) {
    sim_put(&c->out, "404 page not found");
    sim_reply(c, 404, "text/plain");
    return;
  }
  file_link(c->s, file, link, sizeof link);
  n = strlen(link) - 1; /* people cut the & at the end */
  if (strncmp(link + strlen(c->s->base_url), c->req->target,
              n - strlen(c->s->base_url)) ||
      c->now / 1000 > c->s->files[file - 1]->at / 1000 + DAY) {
    sim_put(&c->out, "This content is no longer available.");
    sim_reply(c, 403, "text/plain");
    return;
  }
  sim_send_file(c, file);
}
