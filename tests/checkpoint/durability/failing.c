/* Calls of the C library that change files fail on demand: the n-th of those below one folder, with a chosen errno.

   LD_PRELOAD it; failing_arm(folder, n, errno, lasting) then arms it. With errno 0 the process is killed there. With
   `lasting`, whatever a disk in that state refuses fails from then on, too. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

static char under[4096];
static int armed, at, number, lasting, count;
static char fired[64];

void failing_arm(const char *folder, int n, int error, int from_then_on) {
  strncpy(under, folder, sizeof under - 1);
  at = n, number = error, lasting = from_then_on, count = 0, fired[0] = 0, armed = 1;
}
void failing_disarm(void) { armed = 0; }
int failing_count(void) { return count; }
const char *failing_fired(void) { return fired; }

static int below(const char *path) {
  size_t length = strlen(under);
  return strncmp(path, under, length) == 0 && (path[length] == '/' || path[length] == 0);
}
static int below_open(int descriptor) {
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length < 0) return 0;
  path[length] = 0;
  return below(path);
}
static int below_at(int folder, const char *path) {
  return path[0] == '/' || folder == AT_FDCWD ? below(path) : below_open(folder);
}

/* 'n' needs room, 'c' changes names, 'f' flushes or closes */
static int fails(const char *name, int kind, int here) {
  if (!armed || !here) return 0;
  count++;
  int hit = count == at;
  if (!hit && fired[0] && lasting) {
    if (number == ENOSPC || number == EDQUOT) hit = kind == 'n';
    else if (number == EIO) hit = kind != 'f' || !strcmp(name, "fsync");
    else hit = kind != 'f';
  }
  if (!hit) return 0;
  if (!fired[0]) strncpy(fired, name, sizeof fired - 1);
  if (number == 0) kill(getpid(), SIGKILL);
  return 1;
}

#define REAL(name) ((__typeof__(&name))dlsym(RTLD_NEXT, #name))
#define REFUSED(name, kind, here)                 \
  do {                                            \
    int before = errno, no = fails(name, kind, here); \
    errno = before;                               \
    if (no) {                                     \
      errno = number;                             \
      return -1;                                  \
    }                                             \
  } while (0)

#define MODE(last)                       \
  mode_t mode = 0;                       \
  if (flags & (O_CREAT | O_TMPFILE)) {   \
    va_list rest;                        \
    va_start(rest, last);                \
    mode = va_arg(rest, mode_t);         \
    va_end(rest);                        \
  }
int open(const char *path, int flags, ...) {
  MODE(flags)
  REFUSED(flags & O_CREAT ? "create" : "open", flags & O_CREAT ? 'n' : 'f', below(path));
  return REAL(open)(path, flags, mode);
}
int open64(const char *path, int flags, ...) {
  MODE(flags)
  REFUSED(flags & O_CREAT ? "create" : "open", flags & O_CREAT ? 'n' : 'f', below(path));
  return REAL(open64)(path, flags, mode);
}
int openat(int folder, const char *path, int flags, ...) {
  MODE(flags)
  REFUSED("openat", 'f', below_at(folder, path));
  return REAL(openat)(folder, path, flags, mode);
}
int openat64(int folder, const char *path, int flags, ...) {
  MODE(flags)
  REFUSED("openat", 'f', below_at(folder, path));
  return REAL(openat64)(folder, path, flags, mode);
}
ssize_t write(int descriptor, const void *content, size_t size) {
  REFUSED("write", 'n', armed && below_open(descriptor));
  return REAL(write)(descriptor, content, size);
}
int ftruncate64(int descriptor, off64_t size) {
  REFUSED("ftruncate", 'n', armed && below_open(descriptor));
  return REAL(ftruncate64)(descriptor, size);
}
int fsync(int descriptor) {
  REFUSED("fsync", number == ENOSPC || number == EDQUOT ? 'n' : 'f', armed && below_open(descriptor));
  return REAL(fsync)(descriptor);
}
int close(int descriptor) {
  int here = armed && below_open(descriptor), no = fails("close", 'f', here);
  int result = REAL(close)(descriptor);
  if (!no) return result;
  errno = number;
  return -1;
}
int mkdir(const char *path, mode_t mode) {
  REFUSED("mkdir", 'n', below(path));
  return REAL(mkdir)(path, mode);
}
int rename(const char *from, const char *to) {
  REFUSED("rename", 'c', below(to));
  return REAL(rename)(from, to);
}
int renameat2(int from_folder, const char *from, int to_folder, const char *to, unsigned flags) {
  REFUSED("renameat2", 'c', below(to));
  return REAL(renameat2)(from_folder, from, to_folder, to, flags);
}
int link(const char *from, const char *to) {
  REFUSED("link", 'n', below(to));
  return REAL(link)(from, to);
}
int linkat(int from_folder, const char *from, int to_folder, const char *to, int flags) {
  REFUSED("link", 'n', below(to));
  return REAL(linkat)(from_folder, from, to_folder, to, flags);
}
int unlink(const char *path) {
  REFUSED("unlink", 'c', below(path));
  return REAL(unlink)(path);
}
int unlinkat(int folder, const char *path, int flags) {
  REFUSED("unlinkat", 'c', below_at(folder, path));
  return REAL(unlinkat)(folder, path, flags);
}
int rmdir(const char *path) {
  REFUSED("rmdir", 'c', below(path));
  return REAL(rmdir)(path);
}
