/* The C side of the virtual table, for the Go side. */
#ifndef FIREBREAK_TABLE_H
#define FIREBREAK_TABLE_H

#include <stdint.h>
#include "sqlite.h"

/* The columns, in the order of columns.go. */
enum {
  FB_ID, FB_TIME, FB_TIME_NS, FB_PRECISION, FB_KIND, FB_SOURCE, FB_PARSER, FB_HOST, FB_USER, FB_MESSAGE,
  FB_TECHNIQUE, FB_EXHIBIT, FB_OFFSET, FB_STAR, FB_TAGS, FB_COMMENTS, FB_ATTRIBUTES, FB_DISCOVERED,
  FB_FILTER, FB_COLUMNS
};

/* How xFilter is to deliver: bits of idxNum. */
enum {
  FB_ASCENDING = 1,  /* by time, undated events first, as SQL has it for NULL */
  FB_DESCENDING = 2, /* the other way round */
  FB_RUNS = 4,       /* one column only: its values, and how often each is there */
  FB_BACKWARDS = 8,  /* runs from the greatest value down */
  FB_ONCE = 16,      /* each value of the runs only once */
  FB_COUNT = 32      /* no column at all: only how many */
};

/* A value on its way from Go to SQLite or back. */
typedef struct FbCell {
  sqlite3_int64 v; /* the number, or where in the text it begins */
  double f;
  int n;           /* length of a text */
  int t;           /* SQLITE_INTEGER, FLOAT, TEXT, BLOB, NULL */
} FbCell;

/* Some rows. The first cell of a row is its rowid, or with n==1 how often the row is there. */
typedef struct FbRows {
  const FbCell *cells;
  const char *text;
  int rows;
} FbRows;

/* What belongs to a connection. */
typedef struct FbConn {
  sqlite3 *db;
  uintptr_t view; /* the Go side */
  int rowids;    /* the statement asks for rowids: no runs and no counts */
  const char *declaration; /* of the table, as CREATE TABLE has it */
  int file;                /* it is an export: files with names may be opened */
  sqlite3_vfs *vfs;        /* where temporary files go */
} FbConn;

int firebreak_events_register(FbConn *c);
int firebreak_events_open(FbConn *c, const char *name, char **err);
int firebreak_events_close(FbConn *c);
int firebreak_events_guard(FbConn *c);
int firebreak_events_prepare(FbConn *c, const char *sql, int n, sqlite3_stmt **out, int *tail);
int firebreak_events_asks_rowids(FbConn *c, const char *sql);
int firebreak_events_bind_text(sqlite3_stmt *s, int i, const char *text, int n);
int firebreak_events_insert(sqlite3_stmt *s, const FbCell *cells, const char *text, int rows, int columns);

/* Some rows of an answer. */
typedef struct FbAnswer {
  FbCell *cells;
  char *text;
  int rows;
  size_t n, roomCells, roomText;
} FbAnswer;
int firebreak_events_fetch(sqlite3_stmt *s, FbAnswer *a, int columns, int rows);
int firebreak_vfs_register(FbConn *c);
void firebreak_vfs_unregister(FbConn *c);

int firebreak_time(const char *p, int n, sqlite3_int64 *seconds, int *ns);

#endif
