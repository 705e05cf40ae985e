/* SPDX-License-Identifier: MIT
   dialog.c - tasks that ask back (status MODAL): Vary Region wants a mask,
   Custom Zoom a factor, remix a prompt.  What the click brought along is sent
   once, as /submit/modal; it is paid work like the click itself. */
#include "mj_int.h"
#include "picture.h"
#include "prompt.h"

#include <string.h>

enum { PROMPT_MAX = 64 * 1024, MASK_MAX = 32 << 20 };

static int keep_prompt(mj_client *c, struct mj__input *in, const mj_request *r,
                       mj_error *err) {
  struct mj__buf text, warnings;
  int rc;
  if (!r->prompt || !*r->prompt) {
    if (r->nparams)
      return mj__err_set(err, MJ_EINVALID,
                         "prompt: parameters need a prompt beside them");
    return MJ_OK;
  }
  mj__buf_init(&text, &c->mem, PROMPT_MAX);
  mj__buf_init(&warnings, &c->mem, MJ__WARNINGS_MOST);
  rc = mj__prompt_build(&text, &warnings, r->prompt, r->params, r->nparams,
                        r->lenient, err);
  if (rc == MJ_OK) {
    mj__warn(c, &warnings);
    in->prompt = mj__buf_steal(&text);
  }
  mj__buf_free(&warnings);
  mj__buf_free(&text);
  return rc;
}

/* As the data URI that goes out: the caller's bytes are not ours to keep. */
static int keep_mask(mj_client *c, struct mj__input *in, const mj_picture *mask,
                     mj_error *err) {
  struct mj__buf uri;
  int rc = mj__picture_check(mask, "mask", err);
  if (rc)
    return rc;
  if (mj__picture_is_url(mask))
    return mj__err_set(err, MJ_EINVALID,
                       "mask: the bytes of a PNG expected, not an address");
  if (mask->url)
    return mj__keep(c, &in->mask, mask->url) ? mj__err_nomem(err) : MJ_OK;
  mj__buf_init(&uri, &c->mem, MASK_MAX);
  mj__picture_put(&uri, mask);
  if (uri.err == MJ_OK) /* without its quotes */
    in->mask = mj__strndup(&c->mem, uri.p + 1, uri.n - 2);
  rc = uri.err == MJ_ETOO_LARGE
           ? mj__err_set(err, uri.err, "mask: larger than %d bytes", MASK_MAX)
           : MJ_OK;
  mj__buf_free(&uri);
  return rc || in->mask ? rc : mj__err_nomem(err);
}

/* Digits and a point, whatever the locale of the host's program. */
static void put_factor(struct mj__buf *b, double zoom) {
  int thousandths = (int)(zoom * 1000 + 0.5), digits = 3;
  mj__buf_printf(b, " --zoom %d", thousandths / 1000);
  for (thousandths %= 1000; thousandths && thousandths % 10 == 0; digits--)
    thousandths /= 10;
  if (thousandths)
    mj__buf_printf(b, ".%0*d", digits, thousandths);
}

/* "1.7" as 1.7; -1 = it is none. */
static double factor(const char *s) {
  double value = 0, place = 1;
  size_t n = strspn(s, "0123456789");
  if (n == 0 || n > 3)
    return -1;
  for (; *s >= '0' && *s <= '9'; s++)
    value = value * 10 + (*s - '0');
  if (*s == '.')
    for (s++; *s >= '0' && *s <= '9'; s++)
      value += (*s - '0') * (place /= 10);
  return *s == '\0' ? value : -1;
}

/* "zoom:1.7" names the button and the factor. */
static double zoom_of(const mj_request *r) {
  double named;
  if (!r->button || strncmp(r->button, "zoom:", 5) != 0 ||
      strcmp(r->button, "zoom:N") == 0)
    return r->zoom;
  named = factor(r->button + 5);
  return r->zoom == 0 || r->zoom == named ? named : -1; /* two of them */
}

int mj__dialog_keep(mj_client *c, struct mj__job *j, const mj_request *r,
                    mj_error *err) {
  double zoom = zoom_of(r);
  int rc;
  if (zoom == -1 && r->zoom > 0)
    return mj__err_set(err, MJ_EINVALID,
                       "zoom: given both by the button, %s, and as %g",
                       r->button, r->zoom);
  if (zoom > 0 && r->prompt && strstr(r->prompt, "--zoom "))
    return mj__err_set(err, MJ_EINVALID,
                       "zoom: given both as a field and in the prompt");
  if (!(zoom == 0 || (zoom >= 1 && zoom <= 2)))
    return mj__err_set(err, MJ_EINVALID, "zoom: 1 to 2 expected, got %g", zoom);
  j->input = mj__alloc(&c->mem, sizeof *j->input);
  if (!j->input)
    return mj__err_nomem(err);
  j->input->zoom = zoom;
  rc = keep_prompt(c, j->input, r, err);
  if (rc == MJ_OK && r->mask)
    rc = keep_mask(c, j->input, r->mask, err);
  return rc;
}

void mj__dialog_free(mj_client *c, struct mj__job *j) {
  if (j->input) {
    mj__free(&c->mem, j->input->prompt);
    mj__free(&c->mem, j->input->mask);
    mj__free(&c->mem, j->input);
  }
  j->input = NULL;
}

/* With remix Midjourney asks for a prompt before it varies, rerolls, pans or
   animates; an upscale and the fixed zooms never ask. */
static int takes_prompt(const char *intent) {
  return strncmp(intent, "upscale:", 8) != 0 && strcmp(intent, "zoom:2") != 0 &&
         strcmp(intent, "zoom:1.5") != 0 && strcmp(intent, "square") != 0;
}

/* A mode of the generate family: no dialog, the prompt goes with it. */
static int direct_button(const struct mj__input *in, mj_request *r,
                         const char *intent, mj_error *err) {
  if (r->remix || in->mask || in->zoom != 0)
    return mj__err_set(err, MJ_EUNSUPPORTED,
                       "gateways of the generate family have no dialogs: no "
                       "mask, zoom or remix can go along with %s (those of the "
                       "mj family have them; inpaint takes a mask here)",
                       intent ? intent : r->button);
  if (in->prompt && intent && strncmp(intent, "vary:", 5) != 0)
    return mj__err_set(err, MJ_EINVALID,
                       "prompt: %s takes none, it would be lost", intent);
  r->prompt = in->prompt;
  r->nparams = 0;
  r->lenient = 1; /* checked by now */
  return MJ_OK;
}

/* Region and zoom mean nothing without their input; anything else goes on with
   the prompt that the gateway proposes.  A prompt for a button without a dialog
   of its own asks for one: it would be paid for and not used. */
int mj__dialog_button(struct mj__job *j, mj_request *r, mj_error *err) {
  const struct mj__input *in = j->input;
  char buf[64];
  const char *intent = mj_button_intent(r->button, buf, sizeof buf);
  int zoom = intent && strcmp(intent, "zoom:N") == 0;
  if (!in)
    return MJ_OK;
  if (strncmp(r->button, "generate::", 10) == 0)
    return direct_button(in, r, intent, err);
  if (strncmp(r->button, "change::", 8) == 0 &&
      (r->remix || in->prompt || in->mask))
    return mj__err_set(err, MJ_EUNSUPPORTED,
                       "this gateway's buttons open no dialog: nothing can go "
                       "along with %s",
                       intent ? intent : r->button);
  j->region = intent && strcmp(intent, "vary:region") == 0;
  if (intent && in->mask && !j->region)
    return mj__err_set(err, MJ_EINVALID, "mask: %s takes none", intent);
  if (intent && r->zoom > 0 && !zoom)
    return mj__err_set(err, MJ_EINVALID, "zoom: %s takes none", intent);
  if (intent && (in->prompt || r->remix) && !takes_prompt(intent))
    return mj__err_set(err, MJ_EINVALID,
                       "prompt: %s takes none, it would be lost", intent);
  j->wants_zoom = zoom ? 1 : 0;
  j->answerable = 1;
  if (j->region)
    j->answerable = in->mask != NULL;
  else if (zoom)
    j->answerable =
        in->zoom > 0 || (in->prompt && strstr(in->prompt, "--zoom "));
  else if (in->prompt)
    r->remix = 1;
  return MJ_OK;
}

/* The prompt to answer with; "" = none, which stands for the parent's. */
static int answer_prompt(const struct mj__job *j, const mj_task *t,
                         struct mj__buf *out, mj_error *err) {
  static const struct mj__input nothing;
  const struct mj__input *in = j->input ? j->input : &nothing;
  const char *text = in->prompt;
  if (!text && !j->region)
    text = t ? t->final_prompt : j->suggested;
  if (!text && in->zoom > 0 && t)
    text = t->prompt_en ? t->prompt_en : t->prompt;
  if (in->zoom > 0) {
    if (!text || !*text)
      return mj__err_set(err, MJ_ENEEDS_INPUT,
                         "prompt: none is proposed that could be zoomed; "
                         "give one");
    mj__prompt_strip(out, text, "--zoom");
    put_factor(out, in->zoom);
  } else {
    mj__buf_puts(out, text ? text : "");
  }
  return out->err ? mj__err_nomem(err) : MJ_OK;
}

static int make_answer(mj_client *c, struct mj__job *j, const mj_task *t,
                       mj_error *err) {
  mj_picture mask = {j->input->mask, NULL, 0};
  struct mj__buf prompt;
  mj_request r;
  int rc;
  mj__buf_init(&prompt, &c->mem, PROMPT_MAX);
  rc = answer_prompt(j, t, &prompt, err);
  if (rc == MJ_OK) {
    memset(&r, 0, sizeof r);
    r.op = MJ_OP_MODAL;
    r.task = j->task_id;
    r.prompt = prompt.p;
    r.mask = j->input->mask ? &mask : NULL;
    r.mode = j->mode;
    r.notify_hook = j->hook;
    r.lenient = 1; /* the gateway's own proposal may break our rules */
    rc = mj__encode(c, j, &r, err);
  }
  mj__buf_free(&prompt);
  return rc;
}

/* The task that waits, from the reply that the caller has at hand. */
static int read_at_hand(mj_client *c, const mj_request *r, mj_json **doc,
                        mj_task *t, mj_error *err) {
  int rc = mj_json_parse(doc, r->task_json, r->task_json_len, c->mem.fn,
                         c->mem.ud, NULL);
  if (rc == MJ_EPROTOCOL)
    return mj__err_set(err, MJ_EINVALID, "task_json: not JSON");
  if (rc == MJ_OK)
    rc = c->wire->task(mj_json_root(*doc), mj__json_arena(*doc), t);
  return rc ? mj__err_nomem(err) : MJ_OK;
}

int mj__dialog_prompt(mj_client *c, struct mj__job *j, const mj_request *r,
                      struct mj__buf *out, mj_error *err) {
  mj_json *doc = NULL;
  mj_task t = {0};
  int rc = mj__dialog_keep(c, j, r, err);
  if (rc == MJ_OK && r->task_json)
    rc = read_at_hand(c, r, &doc, &t, err);
  j->region = !j->input || j->input->zoom == 0; /* no prompt: the parent's */
  if (rc == MJ_OK)
    rc = answer_prompt(j, doc ? &t : NULL, out, err);
  if (rc == MJ_ENEEDS_INPUT && err)
    err->code = MJ_EINVALID;
  mj_json_free(doc);
  return rc == MJ_ENEEDS_INPUT ? MJ_EINVALID : rc;
}

void mj__answer(mj_client *c, struct mj__job *j, const mj_task *t) {
  int again = j->unsure;
  mj_error err;
  mj__err_clear(&err);
  if (again)
    mj__log(c, 1,
            "task %s: its dialog did not get its answer, which is sent "
            "again",
            j->task_id);
  /* a caller's answer is the request itself */
  if (j->op != MJ_OP_MODAL && make_answer(c, j, t, &err) != MJ_OK) {
    (void)mj__job_go(j, MJ__FAILED);
    j->leaves = err.code == MJ_ERESOURCE;
    mj__leave_slot(c, j);
    mj__end(c, j, &err, NULL, NULL);
    return;
  }
  j->answered = 1;
  j->unsure = 0;
  j->absent_ms = 0;
  if (!again)
    j->attempt = 0;
  j->builds_on = 1;
  mj__enqueue(c, j, MJ__Q_SUBMIT);
}
