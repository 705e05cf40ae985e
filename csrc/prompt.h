/* SPDX-License-Identifier: MIT
   prompt.h - the table of prompt parameters, and flags in a prompt's text. */
#ifndef MJ_PROMPT_H
#define MJ_PROMPT_H

#include "mem.h"

/* The table --------------------------------------------------------------- */

enum mj__ptype {
  MJ__P_INT,
  MJ__P_NUMBER,
  MJ__P_RATIO,   /* 3:2 */
  MJ__P_VERSION, /* v7, niji 6; has a flag for each of the two */
  MJ__P_SWITCH,  /* true; no value in the text */
  MJ__P_WORD,    /* without blanks */
  MJ__P_TEXT,
  MJ__P_MAYBE /* text or nothing */
};

struct mj__range {
  double lo, hi;
};

struct mj__parameter {
  const char *name;  /* of the field; NULL = known in the text only */
  const char *flags; /* "--ar --aspect": the first is what is written; NULL =
                        none in the mj family */
  enum mj__ptype type;
  struct mj__range range;
  const char *generate; /* member of `input` in the generate family, or NULL;
                           of --fast and the like the one whose value it is */
};

enum { MJ__PARAMETERS = 64 }; /* the table has fewer rows */

/* The i-th row, or NULL. */
const struct mj__parameter *mj__parameter_at(size_t i);
/* By the field's name, or NULL. */
const struct mj__parameter *mj__parameter_named(const char *name);
/* By a flag without its dashes, capitals or not; or NULL. */
const struct mj__parameter *mj__parameter_of(const char *word, size_t n);
size_t mj__parameter_index(const struct mj__parameter *p);

static inline int mj__blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* The text ---------------------------------------------------------------- */

/* A flag in a prompt's text.  Midjourney: parameters come last, begin with two
   dashes, and a value goes on to the next of them. */
struct mj__flag {
  const struct mj__parameter *p; /* NULL = not in the table */
  const char *written;           /* with its dashes, whatever they are */
  const char *word;              /* without them */
  const char *value;             /* without blanks around it; may be empty */
  size_t written_n, word_n, value_n;
  size_t whole_n; /* from `written` to the end of the value */
  int repaired;   /* 1 = must be written as -- and small letters */
  int single;     /* 1 = it has one dash, of ASCII */
};

struct mj__flags {
  const char *at, *end;
  int tail;  /* 1 = what is left is parameters */
  int stage; /* 0 = not begun, 1 = `ahead` is the next, 2 = no more */
  struct mj__flag ahead;
};

/* Goes through the flags of s[0..n). */
void mj__flags_init(struct mj__flags *it, const char *s, size_t n, int tail);
/* 1 and the next flag, or 0. */
int mj__flags_next(struct mj__flags *it, struct mj__flag *f);

/* The flag of the table that is nearest to a word, or NULL.  Not ended by a
   NUL. */
const char *mj__flag_nearest(const char *word, size_t n, size_t *len);

/* Values ------------------------------------------------------------------ */

/* What was seen of a prompt so far: who set which row of the table. */
struct mj__seen {
  struct mj__split *split;        /* NULL = all parameters stay in the prompt */
  const char *as[MJ__PARAMETERS]; /* flag as written, NULL = not there */
  size_t n[MJ__PARAMETERS];
  int lenient;
  struct mj__buf *warnings; /* may be NULL */
  mj_error *err;            /* may be NULL */
};

void mj__seen_init(struct mj__seen *seen, struct mj__buf *warnings, int lenient,
                   mj_error *err);
/* MJ_OK, or MJ_EINVALID with the reason; an unknown flag is a warning. */
int mj__flag_check(struct mj__seen *seen, const struct mj__flag *f);
/* Whether v[0..n) could be the value of `f`, whatever its range. */
int mj__flag_fits(const struct mj__flag *f, const char *v, size_t n);
/* The number of a version, "7" of "v7", "6" of "niji 6", or NULL.  In the text
   the flag is the word; f NULL = v is a field's.  *len may be 0 for niji. */
const char *mj__version_of(const struct mj__flag *f, const char *v, size_t n,
                           size_t *len, int *niji);
/* UTF-8 without control characters but tab and line ends. */
int mj__prompt_clean(const char *s, size_t n, mj_error *err);
/* Adds a blank between what is there and what comes. */
void mj__put_blank(struct mj__buf *out);
/* Adds a line. */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
void mj__prompt_warn(struct mj__buf *warnings, const char *fmt, ...);

/* The parts of mj__prompt_build: what the user wrote, one parameter, and what
   became of the buffers. */
int mj__prompt_text(struct mj__buf *out, const char *text, size_t n,
                    struct mj__seen *seen);
int mj__prompt_field(struct mj__buf *out, const mj_param *param,
                     struct mj__seen *seen);
int mj__prompt_end(const struct mj__buf *out, const struct mj__seen *seen);

/* Whole prompts ----------------------------------------------------------- */

/* Adds `prompt` (NULL is an empty one) to `out` and, behind it, each parameter
   as a flag.  Flags in the text are checked as fields are, their dashes and
   capitals repaired.  MJ_EINVALID also for one that is given twice.  What is
   let through goes to `warnings` (may be NULL): lines with \n between them. */
int mj__prompt_build(struct mj__buf *out, struct mj__buf *warnings,
                     const char *prompt, const mj_param *params, size_t n,
                     int lenient, mj_error *err);

/* A parameter that has left the prompt for a member of its own. */
struct mj__member {
  const struct mj__parameter *p; /* NULL = it was not given */
  const char *value; /* of a switch true or false, of a version its number;
                        points into the prompt or the field */
  size_t n;
  int niji;
};

struct mj__split {
  int (*takes)(const struct mj__parameter *p); /* which ones leave */
  struct mj__member at[MJ__PARAMETERS];        /* as in the table */
};

/* As mj__prompt_build, but what split->takes says goes to split->at, whether
   it was a flag or a field, and blanks around the rest go with it. */
int mj__prompt_split(struct mj__buf *out, struct mj__split *split,
                     struct mj__buf *warnings, const char *prompt,
                     const mj_param *params, size_t n, int lenient,
                     mj_error *err);
/* Takes a parameter, or returns 0: it stays.  f NULL = it is a field. */
int mj__split_takes(struct mj__split *split, const struct mj__parameter *p,
                    const struct mj__flag *f, const char *v, size_t n);

/* 1 = there is nothing in it but parameters of the table and their values. */
int mj__prompt_wordless(const char *prompt);
/* Adds `prompt` without `flag` ("--zoom") and its value, under each name that
   the flag has.  MJ_OK, MJ_ERESOURCE, MJ_ETOO_LARGE. */
int mj__prompt_strip(struct mj__buf *out, const char *prompt, const char *flag);

#endif
