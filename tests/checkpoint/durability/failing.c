/* Interposes the calls by which a process changes a disk: below one folder, the n-th of them fails, or ends the process.
 *
 * Armed and asked from Python, by ctypes: arm(folder, at, number, always); number 0 ends the process as kill -9 does.
 * made() says how many such calls there were since; name_of(n) which the n-th was, of the first ones.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static char folder[PATH_MAX];
static long at, count;
static int number, always;
static const char *names[10000];

void arm(const char *below, long n, int error, int again) {
    snprintf(folder, sizeof folder, "%s", below);
    at = n, number = error, always = again, count = 0;
}
long made(void) { return count; }
const char *name_of(long n) { return n < 10000 ? names[n] : ""; }

static int below(const char *path) { return folder[0] && path && !strncmp(path, folder, strlen(folder)); }

static int open_below(int fd) {
    char link[64], path[PATH_MAX];
    if (!folder[0]) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t length = readlink(link, path, sizeof path - 1);
    if (length < 0) return 0;
    path[length] = 0;
    return below(path);
}

/* Whether this call is to fail. */
static int fails(const char *name) {
    count++;
    if (count < 10000) names[count] = name;
    if (at && (count == at || (always && count > at))) {
        if (!number) raise(SIGKILL);
        errno = number;
        return 1;
    }
    return 0;
}

#define REAL(result, name, ...) \
    static result (*real)(__VA_ARGS__); \
    if (!real) real = (result (*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

#define OPENS(function) \
    int function(const char *path, int flags, ...) { \
        REAL(int, #function, const char *, int, ...); \
        va_list rest; va_start(rest, flags); mode_t mode = va_arg(rest, mode_t); va_end(rest); \
        if (below(path) && (flags & (O_CREAT | O_WRONLY | O_RDWR)) && fails("open")) return -1; \
        return real(path, flags, mode); \
    }
OPENS(open)
OPENS(open64)

ssize_t write(int fd, const void *bytes, size_t size) {
    REAL(ssize_t, "write", int, const void *, size_t);
    if (open_below(fd) && fails("write")) return -1;
    return real(fd, bytes, size);
}
ssize_t writev(int fd, const struct iovec *parts, int n) {
    REAL(ssize_t, "writev", int, const struct iovec *, int);
    if (open_below(fd) && fails("writev")) return -1;
    return real(fd, parts, n);
}

#define BY_NUMBER(function) \
    int function(int fd) { REAL(int, #function, int); if (open_below(fd) && fails(#function)) return -1; return real(fd); }
BY_NUMBER(fsync)
BY_NUMBER(fdatasync)

#define BY_NAME(function) \
    int function(const char *path) { \
        REAL(int, #function, const char *); if (below(path) && fails(#function)) return -1; return real(path); }
BY_NAME(unlink)
BY_NAME(rmdir)

int unlinkat(int fd, const char *path, int flags) {
    REAL(int, "unlinkat", int, const char *, int);
    if ((below(path) || (fd >= 0 && open_below(fd))) && fails("unlinkat")) return -1;
    return real(fd, path, flags);
}
int mkdir(const char *path, mode_t mode) {
    REAL(int, "mkdir", const char *, mode_t);
    if (below(path) && fails("mkdir")) return -1;
    return real(path, mode);
}
int rename(const char *from, const char *to) {
    REAL(int, "rename", const char *, const char *);
    if (below(to) && fails("rename")) return -1;
    return real(from, to);
}
int link(const char *from, const char *to) {
    REAL(int, "link", const char *, const char *);
    if (below(to) && fails("link")) return -1;
    return real(from, to);
}
int renameat2(int one, const char *from, int two, const char *to, unsigned flags) {
    REAL(int, "renameat2", int, const char *, int, const char *, unsigned);
    if (below(to) && fails("exchange")) return -1;
    return real(one, from, two, to, flags);
}
