/*
** A connection of our own: what it may do, and how rows come out of it. Calls
** that C alone can make (those with "...") are here, and those that would
** otherwise be made for each value.
*/
#include <stdlib.h>
#include <string.h>
#include "table.h"
#include "_cgo_export.h"

/* ---- moments, for the collation of the column time ---- */

static int digits(const char *p, int n, int *out){
  int v = 0;
  while( n-- > 0 ){
    if( *p<'0' || *p>'9' ) return 0;
    v = v*10 + (*p++-'0');
  }
  *out = v;
  return 1;
}

/* Reads 2026-11-20, 2026-11-20T03:00, with seconds, a fraction of up to nine
** digits and a zone; a blank may stand for the T. Without a zone it is UTC.
** Returns 0 where the text is none of these. */
int firebreak_time(const char *p, int n, sqlite3_int64 *seconds, int *ns){
  static const int lengths[] = {31,28,31,30,31,30,31,31,30,31,30,31};
  int y, mo, d, h = 0, mi = 0, s = 0, zone = 0, i, last;
  sqlite3_int64 days, yy;
  *ns = 0;
  if( n<10 || !digits(p, 4, &y) || p[4]!='-' || !digits(p+5, 2, &mo) || p[7]!='-' || !digits(p+8, 2, &d) ) return 0;
  if( y<1 || mo<1 || mo>12 || d<1 ) return 0;
  last = lengths[mo-1] + (mo==2 && y%4==0 && (y%100!=0 || y%400==0));
  if( d>last ) return 0;
  p += 10;
  n -= 10;
  if( n>0 ){
    if( (*p!='T' && *p!='t' && *p!=' ') || n<6 || !digits(p+1, 2, &h) || p[3]!=':' || !digits(p+4, 2, &mi) || h>23 || mi>59 ) return 0;
    p += 6;
    n -= 6;
    if( n>0 && *p==':' ){
      if( n<3 || !digits(p+1, 2, &s) || s>59 ) return 0;
      p += 3;
      n -= 3;
      if( n>0 && *p=='.' ){
        int unit = 100000000;
        p++; n--;
        for(i=0; i<n && p[i]>='0' && p[i]<='9'; i++, unit /= 10){
          if( unit==0 ) return 0;
          *ns += (p[i]-'0')*unit;
        }
        if( i==0 ) return 0;
        p += i;
        n -= i;
      }
    }
    if( n>0 && (*p=='Z' || *p=='z') ){
      p++; n--;
    }else if( n>0 ){
      int zh, zm;
      if( (*p!='+' && *p!='-') || n<6 || !digits(p+1, 2, &zh) || p[3]!=':' || !digits(p+4, 2, &zm) || zh>23 || zm>59 ) return 0;
      zone = (zh*60+zm)*60;
      if( *p=='-' ) zone = -zone;
      p += 6;
      n -= 6;
    }
    if( n>0 ) return 0;
  }
  yy = mo<=2 ? y-1 : y; /* days since 1970: Hinnant, chrono-compatible low-level date algorithms */
  {
    sqlite3_int64 era = yy/400, yoe = yy-era*400, doy = (153*(mo+(mo>2 ? -3 : 9))+2)/5+d-1;
    days = era*146097 + yoe*365+yoe/4-yoe/100+doy - 719468;
  }
  *seconds = days*86400 + h*3600 + mi*60 + s - zone;
  return 1;
}

/* Texts that are no time come first, byte by byte; times by the moment. */
static int compareTimes(void *unused, int na, const void *a, int nb, const void *b){
  sqlite3_int64 sa, sb;
  int fa, fb, c;
  int isA = firebreak_time(a, na, &sa, &fa), isB = firebreak_time(b, nb, &sb, &fb);
  (void)unused;
  if( isA!=isB ) return isA-isB;
  if( isA ) return sa!=sb ? (sa<sb ? -1 : 1) : fa<fb ? -1 : fa>fb;
  c = memcmp(a, b, na<nb ? na : nb);
  return c ? c : na<nb ? -1 : na>nb;
}

/* ---- opening ---- */

int firebreak_events_open(FbConn *c, const char *name, char **err){
  int flags = SQLITE_OPEN_READWRITE|SQLITE_OPEN_CREATE|SQLITE_OPEN_PRIVATECACHE|SQLITE_OPEN_NOMUTEX|SQLITE_OPEN_EXRESCODE;
  int rc = sqlite3_initialize();
  if( rc==SQLITE_OK ) rc = firebreak_vfs_register(c);
  if( rc!=SQLITE_OK ) return rc;
  rc = sqlite3_open_v2(name, &c->db, flags, c->vfs->zName);
  if( rc==SQLITE_OK ) rc = sqlite3_create_collation_v2(c->db, "RFC3339", SQLITE_UTF8, 0, compareTimes, 0);
  if( rc==SQLITE_OK && !c->file ) rc = firebreak_events_register(c);
  if( rc!=SQLITE_OK && c->db ) *err = strdup(sqlite3_errmsg(c->db));
  return rc;
}
int firebreak_events_close(FbConn *c){
  int rc = c->db ? sqlite3_close_v2(c->db) : SQLITE_OK;
  c->db = 0;
  firebreak_vfs_unregister(c);
  return rc;
}

/* ---- what a statement may do ---- */

static int allowed(void *unused, int action, const char *a, const char *b, const char *db, const char *trigger){
  (void)unused; (void)db; (void)trigger;
  switch( action ){
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE:
      return SQLITE_OK;
    case SQLITE_FUNCTION:
      return b && (strcmp(b, "load_extension")==0 || strcmp(b, "fts3_tokenizer")==0) ? SQLITE_DENY : SQLITE_OK;
    case SQLITE_PRAGMA: /* what says which columns there are, with no value to set */
      return a && (strcmp(a, "table_info")==0 || strcmp(a, "table_xinfo")==0 || strcmp(a, "table_list")==0 || strcmp(a, "function_list")==0)
        ? SQLITE_OK : SQLITE_DENY;
  }
  return SQLITE_DENY;
}

/* From here on the connection reads only. */
int firebreak_events_guard(FbConn *c){
  int rc;
  sqlite3_limit(c->db, SQLITE_LIMIT_LENGTH, 300<<20); /* a text of the timeline is at most 256 MiB */
  sqlite3_limit(c->db, SQLITE_LIMIT_SQL_LENGTH, 1<<20);
  sqlite3_limit(c->db, SQLITE_LIMIT_ATTACHED, 0);
  sqlite3_limit(c->db, SQLITE_LIMIT_WORKER_THREADS, 0);
  rc = sqlite3_db_config(c->db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int*)0);
  if( rc==SQLITE_OK ) rc = sqlite3_db_config(c->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, (int*)0);
  /* "web-1" is the name of a column, not a text: a slip is an error, not an empty answer */
  if( rc==SQLITE_OK ) rc = sqlite3_db_config(c->db, SQLITE_DBCONFIG_DQS_DML, 0, (int*)0);
  if( rc==SQLITE_OK ) rc = sqlite3_db_config(c->db, SQLITE_DBCONFIG_DQS_DDL, 0, (int*)0);
  if( rc==SQLITE_OK ) rc = sqlite3_exec(c->db, "PRAGMA query_only=1", 0, 0, 0);
  if( rc==SQLITE_OK ) rc = sqlite3_set_authorizer(c->db, allowed, 0);
  return rc;
}

int firebreak_events_prepare(FbConn *c, const char *sql, int n, sqlite3_stmt **out, int *tail){
  const char *rest = sql;
  int rc = sqlite3_prepare_v3(c->db, sql, n, 0, out, &rest);
  *tail = (int)(rest-sql);
  return rc;
}

/* Whether the plan of the statement asks "events" for rowids, as the union of
** two scans does: then every row has to come with its own. */
int firebreak_events_asks_rowids(FbConn *c, const char *sql){
  enum { MOST = 4096 };
  unsigned char opened[MOST] = {0};
  sqlite3_stmt *s = 0;
  int pass, asks = 0;
  char *explain = sqlite3_mprintf("EXPLAIN %s", sql);
  if( !explain ) return 1;
  if( sqlite3_prepare_v3(c->db, explain, -1, 0, &s, 0)!=SQLITE_OK ) asks = 1;
  for(pass=0; pass<2 && !asks; pass++){
    while( !asks && sqlite3_step(s)==SQLITE_ROW ){
      const char *op = (const char*)sqlite3_column_text(s, 1);
      sqlite3_int64 cursor = sqlite3_column_int64(s, 2);
      if( !op ) continue;
      if( strcmp(op, "VOpen")==0 ){
        if( cursor<0 || cursor>=MOST ) asks = 1;
        else opened[cursor] = 1;
      }else if( pass==1 && strcmp(op, "Rowid")==0 && cursor>=0 && cursor<MOST && opened[cursor] ) asks = 1;
    }
    sqlite3_reset(s);
  }
  sqlite3_finalize(s);
  sqlite3_free(explain);
  return asks;
}

/* ---- rows out ---- */

static int room(void **p, size_t *have, size_t want, size_t size){
  size_t n;
  void *bigger;
  if( want<=*have ) return 1;
  n = want*2+64;
  bigger = realloc(*p, n*size);
  if( !bigger ) return 0;
  *p = bigger;
  *have = n;
  return 1;
}

/* Makes up to so many steps, fewer where the texts grow large. */
int firebreak_events_fetch(sqlite3_stmt *s, FbAnswer *a, int columns, int rows){
  int i, rc = SQLITE_ROW;
  a->rows = 0;
  a->n = 0;
  while( a->rows<rows && a->n<(1<<18) ){
    FbCell *row;
    rc = sqlite3_step(s);
    if( rc!=SQLITE_ROW ) return rc;
    if( !room((void**)&a->cells, &a->roomCells, ((size_t)a->rows+1)*columns, sizeof(FbCell)) ) return SQLITE_NOMEM;
    row = a->cells+(size_t)a->rows*columns;
    for(i=0; i<columns; i++){
      const void *p = 0;
      row[i].t = sqlite3_column_type(s, i);
      row[i].n = 0;
      switch( row[i].t ){
        case SQLITE_INTEGER: row[i].v = sqlite3_column_int64(s, i); break;
        case SQLITE_FLOAT: row[i].f = sqlite3_column_double(s, i); break;
        case SQLITE_TEXT: p = sqlite3_column_text(s, i); break;
        case SQLITE_BLOB: p = sqlite3_column_blob(s, i); break;
      }
      if( row[i].t!=SQLITE_TEXT && row[i].t!=SQLITE_BLOB ) continue;
      row[i].n = sqlite3_column_bytes(s, i);
      row[i].v = (sqlite3_int64)a->n;
      if( !room((void**)&a->text, &a->roomText, a->n+row[i].n, 1) ) return SQLITE_NOMEM;
      if( row[i].n ) memcpy(a->text+a->n, p, row[i].n);
      a->n += row[i].n;
    }
    a->rows++;
  }
  return rc;
}

/* ---- values in ---- */

int firebreak_events_bind_text(sqlite3_stmt *s, int i, const char *text, int n){
  return sqlite3_bind_text64(s, i, text, n, SQLITE_TRANSIENT, SQLITE_UTF8);
}


int firebreak_events_insert(sqlite3_stmt *s, const FbCell *cells, const char *text, int rows, int columns){
  int i, rc;
  for(; rows>0; rows--, cells += columns){
    for(i=0; i<columns; i++){
      const FbCell *c = cells+i;
      switch( c->t ){
        case SQLITE_INTEGER: rc = sqlite3_bind_int64(s, i+1, c->v); break;
        case SQLITE_TEXT: rc = sqlite3_bind_text64(s, i+1, c->n ? text+c->v : "", c->n, SQLITE_STATIC, SQLITE_UTF8); break;
        default: rc = sqlite3_bind_null(s, i+1);
      }
      if( rc!=SQLITE_OK ) return rc;
    }
    rc = sqlite3_step(s);
    if( rc!=SQLITE_DONE ){
      int reset = sqlite3_reset(s);
      return reset!=SQLITE_OK ? reset : rc;
    }
    rc = sqlite3_reset(s);
    if( rc!=SQLITE_OK ) return rc;
  }
  return SQLITE_OK;
}
