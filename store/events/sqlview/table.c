/*
** The virtual table "events". SQLite asks it row by row and column by column;
** all of that is answered here from rows that Go has packed, some hundred at a
** time, so that a scan does not cross into Go for each value.
*/
#include <stdlib.h>
#include <string.h>
#include "table.h"
#include "_cgo_export.h"

typedef struct Table {
  sqlite3_vtab base;
  FbConn *conn;
} Table;

typedef struct Cursor {
  sqlite3_vtab_cursor base;
  uintptr_t go;            /* the scan on the Go side, 0 where none is */
  FbRows rows;
  int row, width;
  sqlite3_int64 left;      /* how often the present row is still to come */
  sqlite3_int64 number;
  int slot[FB_COLUMNS];    /* which cell of a row has the column; 0 is none */
  char *filter;            /* what the hidden column was given */
  int nFilter;
} Cursor;

/* ---- planning ---- */

static const sqlite3_uint64 valued =
  1<<FB_PRECISION | 1<<FB_KIND | 1<<FB_SOURCE | 1<<FB_PARSER | 1<<FB_HOST | 1<<FB_USER | 1<<FB_TECHNIQUE | 1<<FB_EXHIBIT;

static int isTime(int column){ return column==FB_TIME || column==FB_TIME_NS; }

/* A collation under which what SQLite takes for equal, the filter takes too. */
static int plain(const char *collation){ return strcmp(collation, "BINARY")==0 || strcmp(collation, "NOCASE")==0; }

/* The letter for a constraint that a filter can answer, or 0. SQLite checks
** each row again: it is enough that no row is lost. */
static char answers(sqlite3_index_info *info, int i){
  int column = info->aConstraint[i].iColumn;
  int op = info->aConstraint[i].op;
  const char *collation;
  if( op==SQLITE_INDEX_CONSTRAINT_LIMIT ) return 'm';
  if( op==SQLITE_INDEX_CONSTRAINT_OFFSET ) return 'o';
  if( column<0 || column>FB_FILTER ) return 0;
  if( op==SQLITE_INDEX_CONSTRAINT_IS ) op = SQLITE_INDEX_CONSTRAINT_EQ;
  if( column==FB_FILTER ) return info->aConstraint[i].op==SQLITE_INDEX_CONSTRAINT_EQ ? 'e' : 0;
  collation = sqlite3_vtab_collation(info, i);
  if( isTime(column) || column==FB_OFFSET ){
    if( column==FB_TIME && strcmp(collation, "RFC3339")!=0 ) return 0;
    switch( op ){
      case SQLITE_INDEX_CONSTRAINT_EQ: return 'e';
      case SQLITE_INDEX_CONSTRAINT_GT: return 'g';
      case SQLITE_INDEX_CONSTRAINT_GE: return 'G';
      case SQLITE_INDEX_CONSTRAINT_LT: return 'l';
      case SQLITE_INDEX_CONSTRAINT_LE: return 'L';
    }
    return 0;
  }
  if( op==SQLITE_INDEX_CONSTRAINT_EQ && plain(collation) ){
    return column==FB_ID || column==FB_STAR || column==FB_MESSAGE || (valued>>column & 1) ? 'e' : 0;
  }
  if( column==FB_MESSAGE || (valued>>column & 1) ){
    if( op==SQLITE_INDEX_CONSTRAINT_LIKE ) return 'k';
    if( op==SQLITE_INDEX_CONSTRAINT_GLOB ) return 'b';
  }
  return 0;
}

static int tableBest(sqlite3_vtab *v, sqlite3_index_info *info){
  Table *t = (Table*)v;
  char *ops = malloc(2*(size_t)info->nConstraint+1);
  int i, n = 0, flags = 0, column = -1;
  double rows = 1e6;
  sqlite3_uint64 used = info->colUsed & ((1ULL<<FB_FILTER)-1);
  if( !ops ) return SQLITE_NOMEM;
  for(i=0; i<info->nConstraint; i++){
    char op = answers(info, i);
    if( !op ) continue;
    if( !info->aConstraint[i].usable ){
      if( info->aConstraint[i].iColumn!=FB_FILTER || op!='e' ) continue;
      free(ops); /* a filter says which events there are: it has to be known */
      return SQLITE_CONSTRAINT;
    }
    if( op=='e' && info->aConstraint[i].iColumn!=FB_FILTER && sqlite3_vtab_in(info, i, -1) ) sqlite3_vtab_in(info, i, 1);
    ops[2*n] = (char)('a'+(op=='m' || op=='o' ? FB_COLUMNS : info->aConstraint[i].iColumn));
    ops[2*n+1] = op;
    info->aConstraintUsage[i].argvIndex = ++n;
    if( op=='m' || op=='o' ) continue;
    if( info->aConstraint[i].iColumn==FB_FILTER ) info->aConstraintUsage[i].omit = 1;
    rows /= info->aConstraint[i].iColumn==FB_ID ? 1e6 : op=='e' ? 20 : op=='k' || op=='b' ? 10 : 3;
  }
  ops[2*n] = 0;
  if( !t->conn->rowids ){
    if( used==0 ) flags = FB_COUNT;
    else if( (used & (used-1))==0 && (used & valued) ){
      flags = FB_RUNS;
      while( used>>(column+1) ) column++;
    }
  }
  if( info->nOrderBy>0 ){
    int first = info->aOrderBy[0].iColumn, desc = info->aOrderBy[0].desc!=0;
    int more = info->nOrderBy==2 && info->aOrderBy[1].iColumn==FB_ID && (info->aOrderBy[1].desc!=0)==desc;
    if( isTime(first) && (info->nOrderBy==1 || more) ){
      info->orderByConsumed = 1;
      flags = desc ? FB_DESCENDING : FB_ASCENDING; /* time is used, so it is no run */
    }else if( (flags & FB_RUNS) && info->nOrderBy==1 && first==column ){
      info->orderByConsumed = 1;
      if( desc ) flags |= FB_BACKWARDS;
      if( sqlite3_vtab_distinct(info)>=2 ) flags |= FB_ONCE;
    }
  }
  info->idxNum = flags;
  info->idxStr = sqlite3_mprintf("%llu %s", used, ops);
  info->needToFreeIdxStr = 1;
  free(ops);
  if( !info->idxStr ) return SQLITE_NOMEM;
  if( rows<1 ) rows = 1;
  info->estimatedRows = (sqlite3_int64)rows;
  info->estimatedCost = flags & (FB_RUNS|FB_COUNT) ? 100+rows/50 : 100+rows;
  return SQLITE_OK;
}

/* ---- the table ---- */

static int tableConnect(sqlite3 *db, void *conn, int argc, const char *const*argv, sqlite3_vtab **out, char **err){
  FbConn *c = conn;
  Table *t;
  int rc;
  (void)argc; (void)argv; (void)err;
  rc = sqlite3_declare_vtab(db, c->declaration);
  if( rc!=SQLITE_OK ) return rc;
  t = calloc(1, sizeof *t);
  if( !t ) return SQLITE_NOMEM;
  t->conn = c;
  *out = &t->base;
  return SQLITE_OK;
}
static int tableDisconnect(sqlite3_vtab *v){
  free(v);
  return SQLITE_OK;
}

/* ---- a cursor ---- */

static void stop(Cursor *c){
  if( c->go ) firebreakEventsStop(c->go);
  c->go = 0;
  c->rows.rows = c->row = 0;
  c->left = 0;
  free(c->filter);
  c->filter = 0;
}
static int cursorOpen(sqlite3_vtab *v, sqlite3_vtab_cursor **out){
  Cursor *c = calloc(1, sizeof *c);
  (void)v;
  if( !c ) return SQLITE_NOMEM;
  *out = &c->base;
  return SQLITE_OK;
}
static int cursorClose(sqlite3_vtab_cursor *p){
  stop((Cursor*)p);
  free(p);
  return SQLITE_OK;
}

/* The arguments in one piece: for each value its column, the constraint it
** belongs to, the operator, the type, the number, the length and the text. */
typedef struct Packed { char *p; size_t n, room; int failed; } Packed;

static void put(Packed *b, const void *p, size_t n){
  if( b->failed ) return;
  if( b->n+n>b->room ){
    size_t room = (b->n+n)*2+256;
    char *bigger = realloc(b->p, room);
    if( !bigger ){ b->failed = 1; return; }
    b->p = bigger;
    b->room = room;
  }
  if( n ) memcpy(b->p+b->n, p, n);
  b->n += n;
}
static void putValue(Packed *b, const char *op, int constraint, sqlite3_value *v){
  int type = sqlite3_value_type(v);
  sqlite3_int64 number = type==SQLITE_INTEGER ? sqlite3_value_int64(v) : 0;
  const unsigned char *text = type==SQLITE_TEXT ? sqlite3_value_text(v) : 0;
  int n = text ? sqlite3_value_bytes(v) : 0;
  int head[5];
  head[0] = op[0]-'a'; head[1] = op[1]; head[2] = constraint; head[3] = type; head[4] = n;
  put(b, head, sizeof head);
  put(b, &number, sizeof number);
  put(b, text, n);
}

static int failed(sqlite3_vtab *v, char *message, int rc){
  sqlite3_free(v->zErrMsg);
  v->zErrMsg = sqlite3_mprintf("%s", message ? message : "out of memory");
  free(message);
  return rc;
}

static void present(Cursor *c){
  const FbCell *row = c->rows.cells+(size_t)c->row*c->width;
  c->left = row->n==1 ? row->v : 1;
}
static int more(Cursor *c){
  char *message = 0;
  int rc = firebreakEventsMore(c->go, &c->rows, &message);
  c->row = 0;
  if( rc!=SQLITE_OK ){
    c->rows.rows = 0;
    return failed(c->base.pVtab, message, rc);
  }
  if( c->rows.rows>0 ) present(c);
  return SQLITE_OK;
}

static int cursorFilter(sqlite3_vtab_cursor *p, int flags, const char *plan, int argc, sqlite3_value **argv){
  Cursor *c = (Cursor*)p;
  Table *t = (Table*)p->pVtab;
  Packed b = {0};
  char *message = 0, *ops = 0;
  sqlite3_uint64 used = strtoull(plan, &ops, 10);
  int i;
  stop(c);
  ops++;
  for(i=0; i<argc; i++){
    const char *op = ops+2*i;
    sqlite3_value *v = argv[i], *x = 0;
    int rc = op[1]=='e' && op[0]!='a'+FB_FILTER ? sqlite3_vtab_in_first(v, &x) : SQLITE_ERROR;
    if( rc==SQLITE_OK && x ){
      for(; rc==SQLITE_OK && x; rc = sqlite3_vtab_in_next(v, &x)) putValue(&b, op, i, x);
      if( rc!=SQLITE_DONE && rc!=SQLITE_OK ){ free(b.p); return rc; }
      continue;
    }
    if( rc==SQLITE_DONE ){ /* IN of nothing: no row */
      free(b.p);
      return SQLITE_OK;
    }
    putValue(&b, op, i, v);
    if( op[0]=='a'+FB_FILTER && sqlite3_value_type(v)==SQLITE_TEXT && !c->filter ){
      c->nFilter = sqlite3_value_bytes(v);
      c->filter = malloc((size_t)c->nFilter+1);
      if( !c->filter ) b.failed = 1;
      else memcpy(c->filter, sqlite3_value_text(v), c->nFilter);
    }
  }
  if( b.failed ){
    free(b.p);
    return SQLITE_NOMEM;
  }
  memset(c->slot, 0, sizeof c->slot);
  c->width = 1;
  for(i=0; i<FB_FILTER; i++) if( used>>i & 1 ) c->slot[i] = c->width++;
  c->number = 0;
  c->go = firebreakEventsStart(t->conn->view, flags, used, b.p, (int)b.n, &message);
  free(b.p);
  if( !c->go ) return failed(p->pVtab, message, SQLITE_ERROR);
  return more(c);
}
static int cursorNext(sqlite3_vtab_cursor *p){
  Cursor *c = (Cursor*)p;
  c->number++;
  if( --c->left>0 ) return SQLITE_OK;
  if( ++c->row<c->rows.rows ){
    present(c);
    return SQLITE_OK;
  }
  return more(c);
}
static int cursorEnd(sqlite3_vtab_cursor *p){
  Cursor *c = (Cursor*)p;
  return c->row>=c->rows.rows;
}
static int cursorColumn(sqlite3_vtab_cursor *p, sqlite3_context *to, int column){
  Cursor *c = (Cursor*)p;
  const FbCell *cell;
  if( column==FB_FILTER ){
    if( c->filter ) sqlite3_result_text64(to, c->filter, c->nFilter, SQLITE_TRANSIENT, SQLITE_UTF8);
    return SQLITE_OK;
  }
  if( column<0 || column>FB_FILTER || !c->slot[column] ) return failed(p->pVtab, strdup("a column that was not planned for is asked for"), SQLITE_ERROR);
  cell = c->rows.cells+(size_t)c->row*c->width+c->slot[column];
  switch( cell->t ){
    case SQLITE_INTEGER: sqlite3_result_int64(to, cell->v); break;
    case SQLITE_TEXT: sqlite3_result_text64(to, cell->n ? c->rows.text+cell->v : "", cell->n, SQLITE_TRANSIENT, SQLITE_UTF8); break;
    default: sqlite3_result_null(to);
  }
  return SQLITE_OK;
}
static int cursorRowid(sqlite3_vtab_cursor *p, sqlite3_int64 *out){
  Cursor *c = (Cursor*)p;
  const FbCell *row = c->rows.cells+(size_t)c->row*c->width;
  if( row->n==1 ) return failed(p->pVtab, strdup("a rowid that was not planned for is asked for"), SQLITE_ERROR);
  *out = row->v;
  return SQLITE_OK;
}

static const sqlite3_module module = {
  .iVersion = 0, /* no xCreate: the table is there without CREATE VIRTUAL TABLE, and cannot be made */
  .xConnect = tableConnect, .xBestIndex = tableBest, .xDisconnect = tableDisconnect,
  .xOpen = cursorOpen, .xClose = cursorClose, .xFilter = cursorFilter, .xNext = cursorNext, .xEof = cursorEnd,
  .xColumn = cursorColumn, .xRowid = cursorRowid,
};

int firebreak_events_register(FbConn *c){
  return sqlite3_create_module_v2(c->db, "events", &module, c, 0);
}
