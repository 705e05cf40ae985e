/* SPDX-License-Identifier: MIT
   test_sim_picture.c - the addresses in imageUrl. */
#include "test_sim.h"

#include "image/draw.h"

/* The pictures are small here: what is drawn is test_image's business. */
static struct mj_picture last;
static struct mj_picture_step last_steps[32];

static int remember(const struct mj_picture *spec, unsigned char **png,
                    size_t *n) {
  last = *spec;
  memcpy(last_steps, spec->steps, spec->nsteps * sizeof *spec->steps);
  *png = malloc(4);
  memcpy(*png, "\x89PNG", 4);
  *n = 4;
  return 0;
}

static struct mj_video moved;

static int move(const struct mj_video *spec, unsigned char **mp4, size_t *n) {
  moved = *spec;
  return remember(spec->picture, mp4, n);
}

static mj_sim *sim_with(const struct mj_draw *draw, const char *profile,
                        double sync) {
  struct mj_sim_config cfg;
  memset(&cfg, 0, sizeof cfg);
  cfg.draw = draw;
  cfg.sync = sync;
  cfg.seed = 3;
  return sim_open(profile, &cfg);
}

static const struct mj_draw recorder = {MJ_DRAW_MAGIC, remember, move, free};

static const char *path_of(const char *url) {
  assert_memory_equal(url, BASE_URL, strlen(BASE_URL));
  return url + strlen(BASE_URL);
}

static void test_new_api(void **state) {
  mj_sim *s = sim_with(&recorder, "new-api", -1);
  const char *id = imagine(s, "cat --ar 16:9", 0), *path;
  struct answer *a;
  (void)state;
  path = say("/mj/image/%s", id);
  a = ask(s, "GET", path, NULL, 0);
  assert_int_equal(a->reply.status, 500);
  assert_body(a, "{\"error\":\"http_get_image_failed\"}");
  a = ask(s, "GET", path_of(text_of(fetch(s, id, 15000), "imageUrl")), NULL,
          15000);
  assert_string_equal(a->reply.content_type, "image/png");
  assert_memory_equal(a->body, "\x89PNG", 4);
  assert_in_range(last.progress, 15, 93);
  a = ask(s, "GET", path_of(text_of(fetch(s, id, 90000), "imageUrl")), NULL,
          90000);
  assert_int_equal(a->reply.status, 200);
  assert_int_equal(last.progress, 100);
  assert_int_equal(last.kind, MJ_PICTURE_GRID);
  assert_int_equal(last.width, 1368);
  assert_int_equal(last.height, 768);
  /* those who look first */
  last.progress = 0;
  a = ask(s, "HEAD", path, NULL, 90000);
  assert_int_equal(a->reply.status, 200);
  assert_string_equal(a->reply.content_type, "image/png");
  assert_int_equal(
      ask(s, "HEAD", say("/mj/task/%s/fetch", id), NULL, 90000)->reply.status,
      404);
  /* any prefix will do */
  assert_int_equal(
      ask(s, "GET", say("/mj-fast%s", path), NULL, 90000)->reply.status, 200);
  mj_sim_free(s);
}

static void test_lineage(void **state) {
  mj_sim *s = sim_with(&recorder, "new-api", -1);
  const char *root = "14001934816969359", *id, *hash;
  uint64_t seed;
  (void)state;
  ask(s, "GET", say("/mj/image/%s", root), NULL, 0);
  assert_int_equal(last.nsteps, 1);
  seed = last_steps[0].seed;
  id = submit(
      s, "/mj/submit/change",
      say("{\"taskId\":\"%s\",\"action\":\"VARIATION\",\"index\":2}", root), 0);
  fetch(s, id, 100000);
  ask(s, "GET", say("/mj/image/%s", id), NULL, 100000);
  assert_int_equal(last.kind, MJ_PICTURE_GRID);
  assert_int_equal(last.nsteps, 2);
  assert_true(last_steps[0].seed == seed);
  assert_int_equal(last_steps[0].tile, 2);
  assert_string_equal(last.label, "V of 2");
  hash = strstr(fetch(s, id, 100000)->body, "MJ::JOB::upsample::3");
  hash = say("%.*s", (int)strcspn(hash, "\""), hash);
  id = submit(s, "/mj/submit/action",
              say("{\"taskId\":\"%s\",\"customId\":\"%s\"}", id, hash), 100000);
  ask(s, "GET", say("/mj/image/%s", id), NULL, 200000);
  assert_int_equal(last.kind, MJ_PICTURE_TILE);
  assert_int_equal(last.nsteps, 2);
  assert_int_equal(last_steps[1].tile, 3);
  assert_int_equal(last.width, 1024);
  mj_sim_free(s);
}

/* Variations of variations: the descent is cut in its middle, not its ends. */
static void test_long_lineage(void **state) {
  mj_sim *s = sim_with(&recorder, "novicezk", 0);
  const char *id = imagine(s, "cat", 0);
  int64_t at = 100000;
  uint64_t seed;
  (void)state;
  ask(s, "GET", path_of(text_of(fetch(s, id, at), "imageUrl")), NULL, at);
  seed = last_steps[0].seed;
  for (int i = 0; i < 20; i++, at += 100000) {
    id = submit(s, "/mj/submit/change",
                say("{\"taskId\":\"%s\",\"action\":\"VARIATION\",\"index\":%d}",
                    id, i % 4 + 1),
                at);
    fetch(s, id, at + 99999);
  }
  ask(s, "GET", path_of(text_of(fetch(s, id, at), "imageUrl")), NULL, at);
  assert_int_equal(last.nsteps, 8);
  assert_true(last_steps[0].seed == seed);
  assert_int_equal(last_steps[0].tile, 1);
  mj_sim_free(s);
}

static void test_discord_links(void **state) {
  mj_sim *s = sim_with(&recorder, "novicezk", 0);
  const char *id = imagine(s, "cat", 0), *path;
  struct answer *a;
  (void)state;
  path = path_of(text_of(fetch(s, id, 15000), "imageUrl"));
  assert_int_equal(ask(s, "GET", path, NULL, 15000)->reply.status, 200);
  assert_in_range(last.progress, 15, 78);
  assert_int_equal(last.width, 512);
  path = path_of(text_of(fetch(s, id, 90000), "imageUrl"));
  a = ask(s, "GET", path, NULL, 90000);
  assert_int_equal(a->reply.status, 200);
  assert_int_equal(last.progress, 100);
  /* without its query, with another one, or a day later */
  a = ask(s, "GET", say("%.*s", (int)strcspn(path, "?"), path), NULL, 90000);
  assert_int_equal(a->reply.status, 403);
  assert_body(a, "This content is no longer available.");
  char other[1024];
  snprintf(other, sizeof other, "%s", path);
  other[strlen(other) - 2] ^= 1;
  assert_int_equal(ask(s, "GET", other, NULL, 90000)->reply.status, 403);
  assert_int_equal(ask(s, "GET", path, NULL, 86000000)->reply.status, 200);
  assert_int_equal(ask(s, "GET", path, NULL, 87000000)->reply.status, 403);
  assert_int_equal(
      ask(s, "GET", "/attachments/1/2/x.png?ex=1", NULL, 0)->reply.status, 404);
  /* the first tasks' links stay good */
  path = path_of(text_of(fetch(s, "14001934816969359", 87000000), "imageUrl"));
  assert_int_equal(ask(s, "GET", path, NULL, 87000000)->reply.status, 200);
  mj_sim_free(s);
}

/* "{0..}" videos of a task and where they are. */
static void test_videos(void **state) {
  static const char *const profiles[] = {"new-api", "trueai"};
  (void)state;
  for (int k = 0; k < 2; k++) {
    mj_sim *s = sim_with(&recorder, profiles[k], -1);
    const char *id = submit(
        s, "/mj/submit/video",
        "{\"prompt\":\"run\",\"motion\":\"high\",\"batchSize\":2,"
        "\"image\":\"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAZAAAAEs\"}",
        0);
    struct answer *a = fetch(s, id, 0);
    assert_null(strstr(a->body, ".mp4"));
    a = fetch(s, id, 200000);
    const char *list = strstr(a->body, "\"videoUrls\":[{\"url\":\"");
    assert_non_null(list);
    const char *url = say("%.*s", (int)strcspn(list + 21, "\""), list + 21);
    const char *path = path_of(url);
    assert_string_equal(path + strlen(path) - 6, "/0.mp4");
    for (int n = 0; n < 4; n++) {
      char other[300];
      snprintf(other, sizeof other, "%s", path);
      other[strlen(other) - 5] = (char)('0' + n);
      moved.variant = -1;
      a = ask(s, "GET", other, NULL, 200000);
      assert_int_equal(a->reply.status, n < 2 ? 200 : 404);
      assert_int_equal(moved.variant, n < 2 ? n : -1);
      if (n < 2)
        assert_string_equal(a->reply.content_type, "video/mp4");
    }
    assert_int_equal(moved.high, 1);
    assert_int_equal(last.width, 400);
    assert_int_equal(last.height, 300);
    assert_int_equal(ask(s, "HEAD", path, NULL, 200000)->reply.status, 200);
    assert_int_equal(
        ask(s, "GET", say("%.*s", (int)strlen(path) - 4, path), NULL, 200000)
            ->reply.status,
        404);
    mj_sim_free(s);
  }
}

/* Before it is done there is no video at its address. */
static void test_video_is_not_there_yet(void **state) {
  mj_sim *s = sim_with(&recorder, "new-api", -1);
  const char *id =
      submit(s, "/mj/submit/video",
             "{\"prompt\":\"run\",\"motion\":\"low\",\"image\":"
             "\"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAZAAAAEs\"}",
             0);
  const char *path = path_of(text_of(fetch(s, id, 200000), "videoUrl"));
  (void)state;
  mj_sim_free(s);
  s = sim_with(&recorder, "new-api", -1); /* the same work again */
  submit(s, "/mj/submit/video",
         "{\"prompt\":\"run\",\"motion\":\"low\",\"image\":"
         "\"data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAZAAAAEs\"}",
         0);
  assert_int_equal(ask(s, "GET", path, NULL, 1000)->reply.status, 404);
  assert_int_equal(ask(s, "GET", path, NULL, 200000)->reply.status, 200);
  mj_sim_free(s);
}

/* What users sent can be had again. */
static void test_uploads(void **state) {
  mj_sim *s = sim_with(&recorder, "plus", 0);
  struct answer *a = ask(
      s, "POST", "/mj/submit/upload-discord-images",
      "{\"base64Array\":[\"data:image/gif;base64,R0lGODlhAQABAAAAADs=\"]}", 0);
  const char *list = strstr(a->body, "\"result\":[\"");
  (void)state;
  assert_non_null(list);
  const char *path =
      path_of(say("%.*s", (int)strcspn(list + 11, "\""), list + 11));
  a = ask(s, "GET", path, NULL, 1000);
  assert_int_equal(a->reply.status, 200);
  assert_string_equal(a->reply.content_type, "image/gif");
  assert_int_equal(a->reply.len, 14);
  assert_memory_equal(a->body, "GIF89a\1\0\1\0\0\0\0;", 14);
  assert_int_equal(ask(s, "HEAD", path, NULL, 1000)->reply.status, 200);
  a = ask(s, "GET", path, NULL, 2 * 86400000);
  assert_int_equal(a->reply.status, 403);
  assert_body(a, "This content is no longer available.");
  mj_sim_free(s);
}

/* What new-api has no picture of. */
static void test_described(void **state) {
  mj_sim *s = sim_with(&recorder, "new-api", -1);
  const char *id =
      submit(s, "/mj/submit/describe",
             "{\"base64\":\"data:image/gif;base64,R0lGODlhAQABAAAAADs=\"}", 0);
  struct answer *a = ask(s, "GET", say("/mj/image/%s", id), NULL, 100000);
  (void)state;
  assert_int_equal(a->reply.status, 200);
  assert_string_equal(a->reply.content_type, "image/gif");
  id = submit(s, "/mj/submit/shorten", "{\"prompt\":\"a cat on a mat\"}", 0);
  a = ask(s, "GET", say("/mj/image/%s", id), NULL, 300000);
  assert_int_equal(a->reply.status, 400);
  assert_body(a, "{\"error\":\"proxy_url_invalid\"}");
  mj_sim_free(s);
}

static void test_without_pictures(void **state) {
  mj_sim *s = sim_with(NULL, "new-api", -1);
  (void)state;
  assert_int_equal(
      ask(s, "GET", "/mj/image/14001934816969359", NULL, 0)->reply.status, 404);
  mj_sim_free(s);
}

/* Real ones: the same bytes from two simulators at different times. */
static void test_bytes(void **state) {
  uint64_t sums[2];
  (void)state;
  for (int i = 0; i < 2; i++) {
    mj_sim *s = sim_with(mj_draw(), "new-api", -1);
    const char *id = imagine(s, "cat", i * 777);
    struct answer *a = ask(s, "GET", say("/mj/image/%s", id), NULL, 100000);
    assert_memory_equal(a->body, "\x89PNG\r\n\x1a\n", 8);
    sums[i] = checksum(a->body, a->reply.len);
    mj_sim_free(s);
  }
  assert_true(sums[0] == sums[1]);
}

int main(void) {
  static const struct CMUnitTest tests[] = {
      cmocka_unit_test(test_new_api),
      cmocka_unit_test(test_lineage),
      cmocka_unit_test(test_long_lineage),
      cmocka_unit_test(test_discord_links),
      cmocka_unit_test(test_videos),
      cmocka_unit_test(test_video_is_not_there_yet),
      cmocka_unit_test(test_uploads),
      cmocka_unit_test(test_described),
      cmocka_unit_test(test_without_pictures),
      cmocka_unit_test(test_bytes),
  };
  return cmocka_run_group_tests_name("sim_picture", tests, NULL, NULL);
}
