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
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

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

ssize_t write(int fd, const void *data, size_t size) {
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
    if (kind[0] && is_ours(fd)) {
        if (!strcmp(kind, "log")) tell("sync", fd);
        if (!strcmp(kind, "fsync")) { errno = EIO; return -1; }
    }
    return real_fdatasync(fd);
}

int fsync(int fd) {
    if (kind[0] && is_ours(fd) && !strcmp(kind, "fsync")) { errno = EIO; return -1; }
    return real_fsync(fd);
}
