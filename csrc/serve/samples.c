/* SPDX-License-Identifier: MIT
   samples.c - the two tasks that are there from the start: those that the
   gateways' own pages ask for. */
#include "sim_int.h"

#include <stdio.h>
#include <string.h>

#define SAMPLE_HASH "26d56b92-4ed6-45e2-8561-563797923135"
#define BUTTON(id, emoji, label)                                               \
  "{\n\"customId\": \"MJ::JOB::" id "\",\n\"emoji\": \"" emoji                 \
  "\",\n\"label\": \"" label "\",\n\"style\": 2,\n\"type\": 2\n}"

/* Byte for byte as on the page, with its bare numbers above 2^53. */
/* clang-format off */
static const char sample[] =
    "{\n"
    "\"id\": \"1320098173412546\",\n"
    "\"action\": \"IMAGINE\",\n"
    "\"prompt\": \"cat --v 6.1\",\n"
    "\"promptEn\": \"cat --v 6.1\",\n"
    "\"description\": \"Submit success\",\n"
    "\"state\": \"\",\n"
    "\"submitTime\": 1741531578038,\n"
    "\"startTime\": 1741531580190,\n"
    "\"finishTime\": 1741531608566,\n"
    "\"imageUrl\": \"https://img.innk.cc/attachments/1320066655572987907/"
    "1348306030429470862/adam_rivera4952_cat_" SAMPLE_HASH
    ".png?ex=67cefb57\\u0026is=67cda9d7\\u0026hm="
    "b87e6b24e4bc3c2f1584b72154075607d6115602d0e5c7777e6637c29b8d3bd5"
    "\\u0026\",\n"
    "\"status\": \"SUCCESS\",\n"
    "\"progress\": \"100%\",\n"
    "\"failReason\": \"\",\n"
    "\"properties\": {\n"
    "\"botType\": \"MID_JOURNEY\",\n"
    "\"discordChannelId\": 8774786694361674000,\n"
    "\"discordInstanceId\": 7415633538733103000,\n"
    "\"finalPrompt\": \"cat --v 6.1 --sref "
    "\\u003chttps://s.mj.run/ktqQpnwPoPk\\u003e\",\n"
    "\"flags\": 0,\n"
    "\"messageContent\": \"**cat --v 6.1 --sref "
    "\\u003chttps://s.mj.run/ktqQpnwPoPk\\u003e** - "
    "\\u003c@1343445981269594182\\u003e (relaxed)\",\n"
    "\"messageHash\": \"" SAMPLE_HASH "\",\n"
    "\"messageId\": \"1348306030706036789\",\n"
    "\"nonce\": \"1619855216344100864\",\n"
    "\"notifyHook\": \"\",\n"
    "\"progressMessageId\": \"1348305922325479495\"\n"
    "},\n"
    "\"buttons\": [\n"
    BUTTON("upsample::1::" SAMPLE_HASH "", "", "U1")
    ",\n"
    BUTTON("upsample::2::" SAMPLE_HASH "", "", "U2")
    ",\n"
    BUTTON("upsample::3::" SAMPLE_HASH "", "", "U3")
    ",\n"
    BUTTON("upsample::4::" SAMPLE_HASH "", "", "U4")
    ",\n"
    BUTTON("reroll::0::" SAMPLE_HASH "::SOLO", "🔄", "")
    ",\n"
    BUTTON("variation::1::" SAMPLE_HASH "", "", "V1")
    ",\n"
    BUTTON("variation::2::" SAMPLE_HASH "", "", "V2")
    ",\n"
    BUTTON("variation::3::" SAMPLE_HASH "", "", "V3")
    ",\n"
    BUTTON("variation::4::" SAMPLE_HASH "", "", "V4")
    "\n]\n}";
/* clang-format on */

static struct sim_task *finished(mj_sim *s, const char *id, const char *prompt,
                                 const char *final) {
  struct sim_task *t = sim_task_new(s, id);
  struct sim_words words;
  if (!t)
    return NULL;
  t->prompt = sim_copy(prompt);
  t->final_prompt = sim_copy(final);
  t->state = sim_copy("");
  if (!t->prompt || !t->final_prompt || !t->state) {
    sim_task_free(t);
    return NULL;
  }
  sim_words(prompt, &words);
  snprintf(t->id, sizeof t->id, "%s", id);
  snprintf(t->submitted_as, sizeof t->submitted_as, "Submit success");
  t->action = "IMAGINE";
  t->steps[0].seed = t->key;
  t->nsteps = 1;
  t->width = words.width;
  t->height = words.height;
  t->submitted = t->slot = 1741531578038;
  t->old = 1;
  return t;
}

static int keep(mj_sim *s, struct sim_task *t) {
  if (t && !sim_task_keep(s, t))
    return 0;
  sim_task_free(t);
  return -1;
}

int sim_samples(mj_sim *s) {
  struct sim_task *t =
      finished(s, "1320098173412546", "cat --v 6.1",
               "cat --v 6.1 --sref <https://s.mj.run/ktqQpnwPoPk>");
  if (t) {
    t->literal = sample;
    snprintf(t->hash, sizeof t->hash, SAMPLE_HASH);
    snprintf(t->message_id, sizeof t->message_id, "1348306030706036789");
    snprintf(t->progress_id, sizeof t->progress_id, "1348305922325479495");
  }
  if (keep(s, t))
    return -1;
  t = finished(s, "14001934816969359", "black cat", "black cat --v 6.1");
  if (t)
    snprintf(t->hash, sizeof t->hash, "3dbbd469-36af-4a0f-8f02-df6c579e7011");
  if (keep(s, t))
    return -1;
  s->stats.tasks = 0;
  return 0;
}
