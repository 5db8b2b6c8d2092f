/*
** The file system under an encrypted database. Locks, shared memory, syncing
** and names go to SQLite's default file system as they are. What is read and
** written of a database and of its write-ahead log goes through Go, which
** encrypts it. Every other file (journals, what a sort spills) is kept in
** memory and never reaches the disk.
*/
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include "shim.h"
#include "_cgo_export.h"

typedef struct Sealed {
  sqlite3_file base;
  uintptr_t handle;   /* the file on the Go side */
  int err;            /* errno of the last call that failed: Go may change it on its way back */
  sqlite3_file *real; /* follows in memory */
} Sealed;

typedef struct Memory {
  sqlite3_file base;
  unsigned char *data;
  sqlite3_int64 size, room;
} Memory;

static sqlite3_vfs *root;
static sqlite3_vfs shim;

#define REAL(p) (((Sealed*)(p))->real)
#define DO(p) REAL(p)->pMethods

/* ---- the file on disk, called from Go ---- */

static int noted(void *file, int rc){
  if( rc!=SQLITE_OK ) ((Sealed*)file)->err = errno;
  return rc;
}
int firebreak_raw_read(void *f, void *p, int n, sqlite3_int64 off){ return noted(f, DO(f)->xRead(REAL(f), p, n, off)); }
int firebreak_raw_write(void *f, const void *p, int n, sqlite3_int64 off){ return noted(f, DO(f)->xWrite(REAL(f), p, n, off)); }
int firebreak_raw_truncate(void *f, sqlite3_int64 size){ return noted(f, DO(f)->xTruncate(REAL(f), size)); }
int firebreak_raw_size(void *f, sqlite3_int64 *size){ return noted(f, DO(f)->xFileSize(REAL(f), size)); }
int firebreak_raw_sync(void *f, int flags){ return noted(f, DO(f)->xSync(REAL(f), flags)); }

/* ---- a database or a write-ahead log ---- */

static uintptr_t begin(sqlite3_file *p){
  Sealed *f = (Sealed*)p;
  f->err = 0;
  return f->handle;
}
static int back(sqlite3_file *p, int rc){
  if( rc!=SQLITE_OK ) errno = ((Sealed*)p)->err;
  return rc;
}
static int sealedClose(sqlite3_file *p){
  Sealed *f = (Sealed*)p;
  int kept = firebreakClose(f->handle);
  int rc = f->real->pMethods->xClose(f->real);
  f->handle = 0;
  p->pMethods = 0;
  return rc!=SQLITE_OK ? rc : kept;
}
static int sealedRead(sqlite3_file *p, void *to, int n, sqlite3_int64 off){
  return back(p, firebreakRead(begin(p), to, n, off));
}
static int sealedWrite(sqlite3_file *p, const void *from, int n, sqlite3_int64 off){
  return back(p, firebreakWrite(begin(p), (void*)from, n, off));
}
static int sealedTruncate(sqlite3_file *p, sqlite3_int64 size){
  return back(p, firebreakTruncate(begin(p), size));
}
static int sealedSize(sqlite3_file *p, sqlite3_int64 *size){
  long long n = 0;
  int rc = firebreakSize(begin(p), &n);
  *size = n;
  return back(p, rc);
}
static int sealedSync(sqlite3_file *p, int flags){ return back(p, firebreakSync(begin(p), flags)); }
static int sealedLock(sqlite3_file *p, int l){ return DO(p)->xLock(REAL(p), l); }
static int sealedUnlock(sqlite3_file *p, int l){ return DO(p)->xUnlock(REAL(p), l); }
static int sealedReserved(sqlite3_file *p, int *out){ return DO(p)->xCheckReservedLock(REAL(p), out); }
static int sealedControl(sqlite3_file *p, int op, void *arg){
  switch( op ){
    case SQLITE_FCNTL_MMAP_SIZE: /* what is mapped would be ciphertext */
      *(sqlite3_int64*)arg = 0;
      return SQLITE_OK;
    case SQLITE_FCNTL_SIZE_HINT: /* zeros ahead of the pages are no pages */
    case SQLITE_FCNTL_CHUNK_SIZE:
      return SQLITE_OK;
  }
  return DO(p)->xFileControl(REAL(p), op, arg);
}
static int sealedSector(sqlite3_file *p){ return DO(p)->xSectorSize(REAL(p)); }
static int sealedDevice(sqlite3_file *p){
  /* Without POWERSAFE_OVERWRITE SQLite would split a frame at a sector of the
  ** file as it sees it, which is none of the file on disk. The others promise
  ** things of parts of a page, and a page is now whole or nothing. */
  return (DO(p)->xDeviceCharacteristics(REAL(p)) & SQLITE_IOCAP_UNDELETABLE_WHEN_OPEN) | SQLITE_IOCAP_POWERSAFE_OVERWRITE;
}
static int sealedShmMap(sqlite3_file *p, int i, int n, int extend, void volatile **out){ return DO(p)->xShmMap(REAL(p), i, n, extend, out); }
static int sealedShmLock(sqlite3_file *p, int off, int n, int flags){ return DO(p)->xShmLock(REAL(p), off, n, flags); }
static void sealedShmBarrier(sqlite3_file *p){ DO(p)->xShmBarrier(REAL(p)); }
static int sealedShmUnmap(sqlite3_file *p, int del){ return DO(p)->xShmUnmap(REAL(p), del); }

static const sqlite3_io_methods sealedMethods = {
  2, sealedClose, sealedRead, sealedWrite, sealedTruncate, sealedSync, sealedSize, sealedLock, sealedUnlock,
  sealedReserved, sealedControl, sealedSector, sealedDevice, sealedShmMap, sealedShmLock, sealedShmBarrier,
  sealedShmUnmap, 0, 0,
};

/* ---- a file in memory ---- */

static void wipe(void *p, sqlite3_int64 n){
  volatile unsigned char *b = p;
  while( n-- > 0 ) *b++ = 0;
}
static int memoryClose(sqlite3_file *p){
  Memory *m = (Memory*)p;
  if( m->data ) wipe(m->data, m->room);
  free(m->data);
  m->data = 0;
  p->pMethods = 0;
  return SQLITE_OK;
}
static int memoryRead(sqlite3_file *p, void *to, int n, sqlite3_int64 off){
  Memory *m = (Memory*)p;
  sqlite3_int64 have = m->size>off ? m->size-off : 0;
  if( have>=n ){
    memcpy(to, m->data+off, n);
    return SQLITE_OK;
  }
  if( have>0 ) memcpy(to, m->data+off, have);
  memset((char*)to+have, 0, n-have);
  return SQLITE_IOERR_SHORT_READ;
}
static int memoryWrite(sqlite3_file *p, const void *from, int n, sqlite3_int64 off){
  Memory *m = (Memory*)p;
  if( off+n>m->room ){
    sqlite3_int64 room = (off+n)*2+4096;
    unsigned char *bigger = calloc(1, room);
    if( !bigger ) return SQLITE_IOERR_NOMEM;
    if( m->data ){
      memcpy(bigger, m->data, m->size);
      wipe(m->data, m->room);
      free(m->data);
    }
    m->data = bigger;
    m->room = room;
  }
  memcpy(m->data+off, from, n);
  if( off+n>m->size ) m->size = off+n;
  return SQLITE_OK;
}
static int memoryTruncate(sqlite3_file *p, sqlite3_int64 size){
  Memory *m = (Memory*)p;
  if( size<m->size ){
    wipe(m->data+size, m->size-size);
    m->size = size;
  }
  return SQLITE_OK;
}
static int memorySync(sqlite3_file *p, int flags){ (void)p; (void)flags; return SQLITE_OK; }
static int memorySize(sqlite3_file *p, sqlite3_int64 *size){ *size = ((Memory*)p)->size; return SQLITE_OK; }
static int memoryLock(sqlite3_file *p, int l){ (void)p; (void)l; return SQLITE_OK; }
static int memoryReserved(sqlite3_file *p, int *out){ (void)p; *out = 0; return SQLITE_OK; }
static int memoryControl(sqlite3_file *p, int op, void *arg){ (void)p; (void)op; (void)arg; return SQLITE_NOTFOUND; }
static int memorySector(sqlite3_file *p){ (void)p; return 4096; }
static int memoryDevice(sqlite3_file *p){ (void)p; return 0; }

static const sqlite3_io_methods memoryMethods = {
  1, memoryClose, memoryRead, memoryWrite, memoryTruncate, memorySync, memorySize, memoryLock, memoryLock,
  memoryReserved, memoryControl, memorySector, memoryDevice, 0, 0, 0, 0, 0, 0,
};

/* ---- the file system ---- */

static int vfsOpen(sqlite3_vfs *v, sqlite3_filename name, sqlite3_file *p, int flags, int *out){
  int wal = (flags & SQLITE_OPEN_WAL)!=0;
  int rc;
  Sealed *f = (Sealed*)p;
  (void)v;
  memset(p, 0, shim.szOsFile);
  if( !wal && !(flags & SQLITE_OPEN_MAIN_DB) ){
    p->pMethods = &memoryMethods;
    if( out ) *out = flags;
    return SQLITE_OK;
  }
  /* SQLite hands the parameters of the database's name to its log as well. */
  f->handle = firebreakOpen(p, sqlite3_uri_int64(name, "slot", 0), wal, (char*)name);
  if( f->handle==0 ) return SQLITE_CANTOPEN;
  f->real = (sqlite3_file*)&f[1];
  rc = root->xOpen(root, name, f->real, flags, out);
  if( f->real->pMethods ){
    p->pMethods = &sealedMethods; /* SQLite closes it, in case of an error too */
  }else{
    firebreakClose(f->handle);
    f->handle = 0;
  }
  return rc;
}

/* Journals are in memory: on disk there is none, whatever lies there. */
static int isJournal(const char *name){
  static const char end[] = "-journal";
  size_t n = name ? strlen(name) : 0;
  return n>=sizeof end-1 && memcmp(name+n-(sizeof end-1), end, sizeof end-1)==0;
}
static int vfsDelete(sqlite3_vfs *v, const char *name, int sync){
  (void)v;
  return isJournal(name) ? SQLITE_OK : root->xDelete(root, name, sync);
}
static int vfsAccess(sqlite3_vfs *v, const char *name, int flags, int *out){
  (void)v;
  if( isJournal(name) ){
    *out = 0;
    return SQLITE_OK;
  }
  return root->xAccess(root, name, flags, out);
}
static int vfsFull(sqlite3_vfs *v, const char *name, int n, char *out){ (void)v; return root->xFullPathname(root, name, n, out); }
static void *vfsDlOpen(sqlite3_vfs *v, const char *name){ (void)v; (void)name; return 0; }
static void vfsDlError(sqlite3_vfs *v, int n, char *out){
  static const char why[] = "not beside an encrypted database";
  (void)v;
  if( n>0 ){
    strncpy(out, why, n-1);
    out[n-1] = 0;
  }
}
static void (*vfsDlSym(sqlite3_vfs *v, void *lib, const char *name))(void){ (void)v; (void)lib; (void)name; return 0; }
static void vfsDlClose(sqlite3_vfs *v, void *lib){ (void)v; (void)lib; }
static int vfsRandom(sqlite3_vfs *v, int n, char *out){ (void)v; return root->xRandomness(root, n, out); }
static int vfsSleep(sqlite3_vfs *v, int us){ (void)v; return root->xSleep(root, us); }
static int vfsTime(sqlite3_vfs *v, double *t){ (void)v; return root->xCurrentTime(root, t); }
static int vfsTime64(sqlite3_vfs *v, sqlite3_int64 *t){ (void)v; return root->xCurrentTimeInt64(root, t); }
static int vfsError(sqlite3_vfs *v, int n, char *out){ (void)v; return root->xGetLastError ? root->xGetLastError(root, n, out) : 0; }

const char *firebreak_default_vfs(void){ return root ? root->zName : 0; }

int firebreak_register(void){
  int rc = sqlite3_initialize();
  int mine = sizeof(Sealed);
  if( rc!=SQLITE_OK ) return rc;
  root = sqlite3_vfs_find(0);
  if( !root || root->iVersion<2 ) return SQLITE_ERROR;
  if( mine<(int)sizeof(Memory) ) mine = sizeof(Memory);
  shim.iVersion = 2;
  shim.szOsFile = mine+root->szOsFile;
  shim.mxPathname = root->mxPathname;
  shim.zName = FIREBREAK_VFS;
  shim.xOpen = vfsOpen;
  shim.xDelete = vfsDelete;
  shim.xAccess = vfsAccess;
  shim.xFullPathname = vfsFull;
  shim.xDlOpen = vfsDlOpen;
  shim.xDlError = vfsDlError;
  shim.xDlSym = vfsDlSym;
  shim.xDlClose = vfsDlClose;
  shim.xRandomness = vfsRandom;
  shim.xSleep = vfsSleep;
  shim.xCurrentTime = vfsTime;
  shim.xGetLastError = vfsError;
  shim.xCurrentTimeInt64 = vfsTime64;
  return sqlite3_vfs_register(&shim, 0);
}
