/* SPDX-License-Identifier: MIT
   tell.c - what describe and shorten answer: words instead of pictures. */
#include "sim_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const keycaps[] = {"1️⃣", "2️⃣", "3️⃣",
                                      "4️⃣", "5️⃣"};

/* Describe ----------------------------------------------------------------- */

struct word {
  const char *en, *zh;
};

static const struct word subjects[8] = {
    {"a lighthouse on a cliff", "悬崖上的灯塔"},
    {"an old sailor", "老水手"},
    {"a sleeping fox", "沉睡的狐狸"},
    {"a glass city at night", "夜晚的玻璃之城"},
    {"a garden of paper flowers", "纸花花园"},
    {"a lone tree in a field", "田野里的孤树"},
    {"a child with a red kite", "拿着红风筝的孩子"},
    {"a tower of stacked books", "书堆成的塔"}};
static const struct word styles[] = {
    {"in the style of a woodcut", "木刻风格"},
    {"watercolor on rough paper", "粗纸水彩"},
    {"soft studio photography", "柔和的棚拍摄影"},
    {"flat vector illustration", "扁平矢量插画"},
    {"oil painting with thick strokes", "厚涂油画"},
    {"isometric 3d render", "等距三维渲染"},
    {"ink and wash", "水墨"},
    {"art nouveau poster", "新艺术海报"}};
static const struct word lights[] = {{"golden hour light", "黄金时刻的光线"},
                                     {"moonlight and mist", "月光与薄雾"},
                                     {"bright noon sun", "明亮的正午阳光"},
                                     {"candle light", "烛光"},
                                     {"cold neon glow", "冷色霓虹"},
                                     {"overcast sky", "阴天"}};
static const struct word colors[] = {{"muted greens", "柔和的绿色"},
                                     {"deep blues", "深蓝色"},
                                     {"warm reds and browns", "温暖的红棕色"},
                                     {"pastel colors", "粉彩色"},
                                     {"black and white", "黑白"}};

#define PICK(list, key, use)                                                   \
  (&(list)[sim_mix((key), (use)) % (sizeof(list) / sizeof(list)[0])])

/* The nearest of the shapes that Midjourney names. */
static const char *aspect(int width, int height) {
  static const struct {
    int w, h;
    const char *name;
  } shapes[] = {{1, 1, "1:1"},   {5, 4, "5:4"}, {4, 5, "4:5"}, {4, 3, "4:3"},
                {3, 4, "3:4"},   {3, 2, "3:2"}, {2, 3, "2:3"}, {16, 9, "16:9"},
                {9, 16, "9:16"}, {2, 1, "2:1"}, {1, 2, "1:2"}};
  double want = (double)width / height, best = 1e9;
  const char *name = "1:1";
  for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
    double off = (double)shapes[i].w / shapes[i].h / want;
    off = off < 1 ? 1 / off : off;
    if (off < best) {
      best = off;
      name = shapes[i].name;
    }
  }
  return name;
}

/* Midjourney's embed has keycaps; trueai's partners send four bare lines. */
int sim_describe(struct sim_task *t, uint64_t key, int width, int height,
                 int plain) {
  struct sim_buf en = {0}, zh = {0};
  const char *ar = aspect(width, height);
  for (unsigned i = 0; i < 4; i++) {
    uint64_t k = sim_mix(key, 300 + i);
    const struct word *w[] = {&subjects[(sim_mix(key, 9) + 3 * i) % 8],
                              PICK(styles, k, 2), PICK(lights, k, 3),
                              PICK(colors, k, 4)}; /* no subject twice */
    sim_put(&en, !i ? "" : plain ? "\r\n" : "\n\n");
    sim_put(&zh, i ? "\n\n" : "");
    if (!plain)
      sim_putf(&en, "%s ", keycaps[i]);
    sim_putf(&en, "%s, %s, %s, %s --ar %s", w[0]->en, w[1]->en, w[2]->en,
             w[3]->en, ar);
    sim_putf(&zh, "%s %s，%s，%s，%s --ar %s", keycaps[i], w[0]->zh, w[1]->zh,
             w[2]->zh, w[3]->zh, ar);
  }
  free(t->final_prompt);
  free(t->zh_prompt);
  t->final_prompt = en.p;
  t->zh_prompt = zh.p;
  return en.p && zh.p ? 0 : -1;
}

/* Shorten ------------------------------------------------------------------ */

#define TOKENS 64

/* A word of the prompt, with what follows it up to the next. */
struct token {
  const char *text;
  size_t n, tail;
  double weight; /* of the strongest one */
  int plain;     /* too small to be weighed: "of", "the" */
};

static int is_small(const struct token *t) {
  static const char *const small[] = {"a",  "an",  "the", "of",  "in",
                                      "on", "at",  "by",  "to",  "or",
                                      "as", "and", "for", "with"};
  for (size_t i = 0; i < sizeof small / sizeof small[0]; i++)
    if (strlen(small[i]) == t->n && !strncasecmp(small[i], t->text, t->n))
      return 1;
  return 0;
}

/* Up to the first parameter. */
static size_t split(const char *prompt, struct token *out) {
  size_t n = 0;
  const char *p = prompt + strspn(prompt, " ,\t\r\n");
  double most = 0;
  while (*p && n < TOKENS && strncmp(p, "--", 2)) {
    struct token *t = &out[n];
    t->text = p;
    t->n = strcspn(p, " ,\t\r\n");
    t->tail = strspn(p + t->n, " ,\t\r\n");
    t->plain = is_small(t);
    t->weight = (double)(sim_mix(sim_hash_bytes(p, t->n, 3), n) % 1000) / 1000;
    t->weight *= t->weight;
    p += t->n + t->tail;
    if (!t->plain && t->weight > most)
      most = t->weight;
    n++;
  }
  for (size_t i = 0; i < n; i++)
    out[i].weight = out[i].plain ? 0 : most > 0 ? out[i].weight / most : 1;
  return n;
}

static void put_tail(struct sim_buf *b, const struct token *t, int last) {
  if (!last)
    sim_put(b, memchr(t->text + t->n, ',', t->tail) ? ", " : " ");
}

static void put_tokens(struct sim_buf *b, const struct token *t, size_t n,
                       int weights) {
  for (size_t i = 0; i < n; i++) {
    const char *mark = t[i].plain            ? ""
                       : t[i].weight >= 0.15 ? "**"
                       : t[i].weight < 0.03  ? "~~"
                                             : "";
    if (weights && *mark == '~')
      mark = "";
    sim_put(b, mark);
    sim_putn(b, t[i].text, t[i].n);
    sim_put(b, mark);
    if (weights && !t[i].plain)
      sim_putf(b, " (%.2f)", t[i].weight);
    put_tail(b, &t[i], i + 1 == n);
  }
  sim_put(b, "\n");
}

/* How many tokens weigh more. */
static size_t rank(const struct token *t, size_t n, size_t i) {
  size_t above = 0;
  for (size_t k = 0; k < n; k++)
    above += t[k].weight > t[i].weight || (t[k].weight >= t[i].weight && k < i);
  return above;
}

static void put_bars(struct sim_buf *b, const struct token *t, size_t n) {
  sim_put(b, "\n");
  for (size_t r = 0; r < 6 && r < n; r++)
    for (size_t i = 0; i < n; i++) {
      int full = (int)(t[i].weight * 10 + 0.5);
      if (rank(t, n, i) != r || t[i].plain)
        continue;
      for (int k = 0; k < 10; k++)
        sim_put(b, k < (full ? full : 1) ? "█" : "░");
      sim_put(b, " ");
      sim_putn(b, t[i].text, t[i].n);
      sim_put(b, "\n");
    }
}

static void put_shortened(struct sim_buf *b, const struct token *t, size_t n) {
  for (size_t k = 0; k < 5; k++) {
    size_t keep = n * (5 - k) / 6, left;
    keep = keep ? keep : 1;
    left = keep;
    sim_putf(b, "%s%s ", k ? "\n\n" : "", keycaps[k]);
    for (size_t i = 0; i < n; i++)
      if (rank(t, n, i) < keep) {
        sim_putn(b, t[i].text, t[i].n);
        put_tail(b, &t[i], --left == 0);
      }
  }
}

/* The headings are translated, the words are left as they are. */
int sim_shorten(struct sim_task *t, const char *prompt) {
  static const char *const headings[2][2] = {
      {"## Important tokens\n", "## Shortened prompts\n"},
      {"## 重要词汇\n", "## 简化提示\n"}};
  struct token tokens[TOKENS];
  size_t n = split(prompt, tokens);
  char *out[2];
  for (int i = 0; i < 2; i++) {
    struct sim_buf b = {0};
    sim_put(&b, headings[i][0]);
    put_tokens(&b, tokens, n, t->makes == SIM_DETAILS);
    if (t->makes == SIM_DETAILS)
      put_bars(&b, tokens, n);
    sim_put(&b, headings[i][1]);
    put_shortened(&b, tokens, n);
    out[i] = b.p;
  }
  free(t->final_prompt);
  free(t->zh_prompt);
  t->final_prompt = out[0];
  t->zh_prompt = out[1];
  return out[0] && out[1] ? 0 : -1;
}

/* Lines that are not blank, without their keycaps; of shorten those behind the
   second heading. */
char *sim_told(const char *text, int n) {
  const char *p = strstr(text, "## Shortened prompts\n");
  p = p ? strchr(p, '\n') + 1 : text;
  for (; *p; p += strcspn(p, "\r\n"), p += strspn(p, "\r\n")) {
    size_t cap = strlen(keycaps[0]);
    if (--n)
      continue;
    if (!strncmp(p + 1, keycaps[0] + 1, cap - 1))
      p += cap + (p[cap] == ' ');
    char *copy = sim_copy(p);
    if (copy)
      copy[strcspn(copy, "\r\n")] = '\0';
    return copy;
  }
  return NULL;
}
