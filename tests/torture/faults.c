/* Faults in write() on files that end in .jsonl, as FAULT says; for LD_PRELOAD. While the file $FAULT_OFF exists: none.
 *
 * short:N    each write takes at most N bytes
 * full:N     after N bytes of each file: what fits is taken, then ENOSPC
 * eio:N      as full, with EIO
 * again:N    as full, with EAGAIN
 * eintr:N    every Nth write fails with EINTR, nothing taken
 * slow:N     each write takes N ms more
 * fsync:N    fsync and fdatasync fail with EIO
 * log:N      writes, fsyncs are told on descriptor N
 *
 * A program may also set, by ctypes: `fault_call`, the name of a call that fails on every path in which `fault_where`
 * stands; `fault_code`, its errno; and read `fault_calls`, how many calls there were on such paths.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

char fault_call[32], fault_where[4096];
int fault_code;
long fault_calls;

static ssize_t (*real_write)(int, const void *, size_t);
static int (*real_fdatasync)(int);
static int (*real_fsync)(int);
static char kind[16];
static long amount;
static const char *off;
static long calls;

__attribute__((constructor)) static void begin(void) {
    real_write = dlsym(RTLD_NEXT, "write");
    real_fdatasync = dlsym(RTLD_NEXT, "fdatasync");
    real_fsync = dlsym(RTLD_NEXT, "fsync");
    const char *fault = getenv("FAULT");
    off = getenv("FAULT_OFF");
    if (fault) sscanf(fault, "%15[a-z]:%ld", kind, &amount);
}

static int is_ours(int fd) {
    char link[64], path[4096];
    if (fd < 3) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 6 || strncmp(path + n - 6, ".jsonl", 6)) return 0;
    return !(off && access(off, F_OK) == 0);
}

static void tell(const char *what, int fd) {
    char text[64];
    int n = snprintf(text, sizeof text, "%s %d\n", what, fd);
    if (real_write((int)amount, text, n) < 0) _exit(99);
}

static int fails(const char *call, const char *path) {
    if (!fault_where[0] || !path || !strstr(path, fault_where)) return 0;
    __atomic_add_fetch(&fault_calls, 1, __ATOMIC_RELAXED);
    if (strcmp(call, fault_call)) return 0;
    if (fault_code == EINTR && fault_calls % 2) return 0; /* Python tries again for ever */
    errno = fault_code;
    return 1;
}

static int fails_fd(const char *call, int fd) {
    char link[64], path[4096];
    if (fd < 3 || !fault_where[0]) return 0;
    snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(link, path, sizeof path - 1);
    if (n < 0) return 0;
    path[n] = 0;
    return fails(call, path);
}

#define REAL(type, name, ...) \
    static type (*real)(__VA_ARGS__); \
    if (!real) real = dlsym(RTLD_NEXT, name)

#define OPEN(name) \
    int name(const char *path, int flags, ...) { \
        REAL(int, #name, const char *, int, ...); \
        va_list more; \
        va_start(more, flags); \
        mode_t mode = flags & (O_CREAT | O_TMPFILE) ? va_arg(more, mode_t) : 0; \
        va_end(more); \
        return fails("open", path) ? -1 : real(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

#define ON_PATH(name, call, rest, given) \
    int name(const char *path rest) { \
        REAL(int, #name, const char * rest); \
        return fails(call, path) ? -1 : real(path given); \
    }
#define COMMA ,
ON_PATH(stat, "stat", COMMA struct stat *to, COMMA to)
ON_PATH(stat64, "stat", COMMA struct stat64 *to, COMMA to)
ON_PATH(lstat, "lstat", COMMA struct stat *to, COMMA to)
ON_PATH(lstat64, "lstat", COMMA struct stat64 *to, COMMA to)
ON_PATH(mkdir, "mkdir", COMMA mode_t mode, COMMA mode)
ON_PATH(chmod, "chmod", COMMA mode_t mode, COMMA mode)
ON_PATH(unlink, "unlink", , )
ON_PATH(rename, "rename", COMMA const char *to, COMMA to)

#define ON_FD(name, call, rest, given) \
    int name(int fd rest) { \
        REAL(int, #name, int rest); \
        int failed = fails_fd(call, fd), code = errno; \
        if (failed && !strcmp(call, "close")) real(fd given); /* as Linux does */ \
        if (failed) errno = code; \
        return failed ? -1 : real(fd given); \
    }
ON_FD(close, "close", , )
ON_FD(fstat, "fstat", COMMA struct stat *to, COMMA to)
ON_FD(fstat64, "fstat", COMMA struct stat64 *to, COMMA to)
ON_FD(fchmod, "fchmod", COMMA mode_t mode, COMMA mode)
ON_FD(ftruncate, "ftruncate", COMMA off_t size, COMMA size)
ON_FD(ftruncate64, "ftruncate", COMMA off64_t size, COMMA size)

DIR *opendir(const char *path) {
    REAL(DIR *, "opendir", const char *);
    return fails("opendir", path) ? NULL : real(path);
}

ssize_t write(int fd, const void *data, size_t size) {
    if (fails_fd("write", fd)) return -1;
    if (!kind[0] || !is_ours(fd)) return real_write(fd, data, size);
    if (!strcmp(kind, "short") && (long)size > amount) size = amount;
    if (!strcmp(kind, "slow")) usleep(amount * 1000);
    if (!strcmp(kind, "log")) tell("write", fd);
    if (!strcmp(kind, "eintr") && ++calls % amount == 0) { errno = EINTR; return -1; }
    if (!strcmp(kind, "full") || !strcmp(kind, "eio") || !strcmp(kind, "again")) {
        struct stat found;
        fstat(fd, &found);
        long room = amount - found.st_size;
        if (room <= 0) { errno = kind[0] == 'f' ? ENOSPC : kind[0] == 'a' ? EAGAIN : EIO; return -1; }
        if ((long)size > room) size = room;
    }
    return real_write(fd, data, size);
}

int fdatasync(int fd) {
    if (fails_fd("fsync", fd)) return -1;
    if (kind[0] && is_ours(fd)) {
        if (!strcmp(kind, "log")) tell("sync", fd);
        if (!strcmp(kind, "fsync")) { errno = EIO; return -1; }
    }
    return real_fdatasync(fd);
}

int fsync(int fd) {
    if (fails_fd("fsync", fd)) return -1;
    if (kind[0] && is_ours(fd) && !strcmp(kind, "fsync")) { errno = EIO; return -1; }
    return real_fsync(fd);
}
