/* SPDX-License-Identifier: MIT
   rawserver.h - an HTTP server on plain sockets for tests: it counts requests
   where they arrive and can break off where no library would. */
#ifndef MJ_SPEC_RAWSERVER_H
#define MJ_SPEC_RAWSERVER_H

#include <stddef.h>

typedef struct rawserver rawserver;

typedef struct raw_request {
  int connection;   /* counts from 1 */
  int nth;          /* request on this connection, from 1 */
  int total;        /* request of the server, from 1 */
  const char *head; /* request line and headers */
  const char *body;
} raw_request;

enum { RAW_CLOSE = 1, RAW_RESET = 2, RAW_SILENT = 4 };

typedef struct raw_reply {
  int flags;        /* RAW_CLOSE after the text (or without any) */
  const char *text; /* whole reply, static; NULL = none */
  char *made;       /* or one from malloc */
} raw_reply;

/* Called on the server's thread. */
typedef void (*raw_handler)(void *ud, const raw_request *req, raw_reply *out);

rawserver *rawserver_new(raw_handler handler, void *ud);
void rawserver_free(rawserver *s);
int rawserver_port(const rawserver *s);
int rawserver_requests(rawserver *s); /* whole ones seen so far */
int rawserver_posts(rawserver *s);
int rawserver_connections(rawserver *s);

/* "HTTP/1.1 STATUS ...\r\nContent-Length: ..." + body, from malloc. */
char *raw_text(int status, const char *headers, const char *body);

#endif
