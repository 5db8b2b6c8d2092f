/*
** The file system under a connection. What SQLite spills of a sort or of a
** temporary index goes through Go, which keeps a little in memory and writes
** the rest encrypted, with a key that nobody else ever has. A file with a name
** is opened only for an export; a query has none.
*/
#include <stdlib.h>
#include <string.h>
#include "table.h"
#include "_cgo_export.h"

typedef struct Spill {
  sqlite3_file base;
  uintptr_t go;
} Spill;

static int spillClose(sqlite3_file *p){
  Spill *f = (Spill*)p;
  int rc = firebreakSpillClose(f->go);
  f->go = 0;
  p->pMethods = 0;
  return rc;
}
static int spillRead(sqlite3_file *p, void *to, int n, sqlite3_int64 off){ return firebreakSpillRead(((Spill*)p)->go, to, n, off); }
static int spillWrite(sqlite3_file *p, const void *from, int n, sqlite3_int64 off){ return firebreakSpillWrite(((Spill*)p)->go, (void*)from, n, off); }
static int spillTruncate(sqlite3_file *p, sqlite3_int64 size){ return firebreakSpillTruncate(((Spill*)p)->go, size); }
static int spillSync(sqlite3_file *p, int flags){ (void)p; (void)flags; return SQLITE_OK; }
static int spillSize(sqlite3_file *p, sqlite3_int64 *size){
  *size = firebreakSpillSize(((Spill*)p)->go);
  return SQLITE_OK;
}
static int spillLock(sqlite3_file *p, int l){ (void)p; (void)l; return SQLITE_OK; }
static int spillReserved(sqlite3_file *p, int *out){ (void)p; *out = 0; return SQLITE_OK; }
static int spillControl(sqlite3_file *p, int op, void *arg){ (void)p; (void)op; (void)arg; return 12; /* SQLITE_NOTFOUND */ }
static int spillSector(sqlite3_file *p){ (void)p; return 4096; }
static int spillDevice(sqlite3_file *p){ (void)p; return SQLITE_IOCAP_POWERSAFE_OVERWRITE|SQLITE_IOCAP_UNDELETABLE_WHEN_OPEN; }

static const sqlite3_io_methods spillMethods = {
  .iVersion = 1, .xClose = spillClose, .xRead = spillRead, .xWrite = spillWrite, .xTruncate = spillTruncate, .xSync = spillSync,
  .xFileSize = spillSize, .xLock = spillLock, .xUnlock = spillLock, .xCheckReservedLock = spillReserved,
  .xFileControl = spillControl, .xSectorSize = spillSector, .xDeviceCharacteristics = spillDevice,
};

#define ROOT(v) (((Vfs*)(v))->root)
typedef struct Vfs {
  sqlite3_vfs base;
  sqlite3_vfs *root;
  FbConn *conn;
  char name[32];
} Vfs;

static int vfsOpen(sqlite3_vfs *v, sqlite3_filename name, sqlite3_file *p, int flags, int *out){
  Spill *f = (Spill*)p;
  p->pMethods = 0;
  if( name ) return ((Vfs*)v)->conn->file ? ROOT(v)->xOpen(ROOT(v), name, p, flags, out) : SQLITE_CANTOPEN;
  f->go = firebreakSpillOpen(((Vfs*)v)->conn->view);
  if( !f->go ) return SQLITE_CANTOPEN;
  p->pMethods = &spillMethods;
  if( out ) *out = flags;
  return SQLITE_OK;
}
static int vfsDelete(sqlite3_vfs *v, const char *name, int sync){ return ROOT(v)->xDelete(ROOT(v), name, sync); }
static int vfsAccess(sqlite3_vfs *v, const char *name, int flags, int *out){ return ROOT(v)->xAccess(ROOT(v), name, flags, out); }
static int vfsFull(sqlite3_vfs *v, const char *name, int n, char *out){ return ROOT(v)->xFullPathname(ROOT(v), name, n, out); }
static void *vfsDlOpen(sqlite3_vfs *v, const char *name){ (void)v; (void)name; return 0; }
static void vfsDlError(sqlite3_vfs *v, int n, char *out){ (void)v; if( n>0 ) *out = 0; }
static void (*vfsDlSym(sqlite3_vfs *v, void *lib, const char *name))(void){ (void)v; (void)lib; (void)name; return 0; }
static void vfsDlClose(sqlite3_vfs *v, void *lib){ (void)v; (void)lib; }
static int vfsRandom(sqlite3_vfs *v, int n, char *out){ return ROOT(v)->xRandomness(ROOT(v), n, out); }
static int vfsSleep(sqlite3_vfs *v, int us){ return ROOT(v)->xSleep(ROOT(v), us); }
static int vfsTime(sqlite3_vfs *v, double *t){ return ROOT(v)->xCurrentTime(ROOT(v), t); }
static int vfsTime64(sqlite3_vfs *v, sqlite3_int64 *t){ return ROOT(v)->xCurrentTimeInt64(ROOT(v), t); }
static int vfsError(sqlite3_vfs *v, int n, char *out){ return ROOT(v)->xGetLastError ? ROOT(v)->xGetLastError(ROOT(v), n, out) : 0; }

int firebreak_vfs_register(FbConn *c){
  Vfs *v = calloc(1, sizeof *v);
  sqlite3_vfs *root = sqlite3_vfs_find(0);
  unsigned long long number = c->view;
  int i = 0, rc;
  if( !v ) return SQLITE_NOMEM;
  if( !root || root->iVersion<2 ){
    free(v);
    return SQLITE_ERROR;
  }
  memcpy(v->name, "firebreak-sql-", 14);
  do v->name[14+i++] = (char)('0'+number%10); while( number /= 10 );
  v->root = root;
  v->conn = c;
  v->base.iVersion = 2;
  v->base.szOsFile = root->szOsFile>(int)sizeof(Spill) ? root->szOsFile : (int)sizeof(Spill);
  v->base.mxPathname = root->mxPathname;
  v->base.zName = v->name;
  v->base.xOpen = vfsOpen;
  v->base.xDelete = vfsDelete;
  v->base.xAccess = vfsAccess;
  v->base.xFullPathname = vfsFull;
  v->base.xDlOpen = vfsDlOpen;
  v->base.xDlError = vfsDlError;
  v->base.xDlSym = vfsDlSym;
  v->base.xDlClose = vfsDlClose;
  v->base.xRandomness = vfsRandom;
  v->base.xSleep = vfsSleep;
  v->base.xCurrentTime = vfsTime;
  v->base.xGetLastError = vfsError;
  v->base.xCurrentTimeInt64 = vfsTime64;
  rc = sqlite3_vfs_register(&v->base, 0);
  if( rc!=SQLITE_OK ){
    free(v);
    return rc;
  }
  c->vfs = &v->base;
  return SQLITE_OK;
}
void firebreak_vfs_unregister(FbConn *c){
  if( !c->vfs ) return;
  sqlite3_vfs_unregister(c->vfs);
  free(c->vfs);
  c->vfs = 0;
}
