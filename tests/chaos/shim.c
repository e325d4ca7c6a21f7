/* A disk and a clock that fail when they are told to, for one child process (LD_PRELOAD).
 *
 * In:  CHAOS_DATA, the directory whose files are meant; CHAOS_SHADOW, a directory of our own;
 *      CHAOS_CONTROL, a file that is mapped: the words of `enum` below, set by the driver while the
 *      child runs.
 * Out: failed, short, slow or lying writes and syncs; counts of them; in CHAOS_SHADOW the image
 *      that a power cut would leave of each file, the pages that were written since (`NAME.dirty`)
 *      and the files whose name is not durable yet (`NAME.new`).
 * Absent: reads (they see the page cache, as in life), and files that are mapped (SQLite's -shm,
 *      which is built anew after a power cut).
 *
 * The model is strict where systems differ: a page is durable when it was synced after its last
 * write, a name when its directory was synced, and a page that was dirty when a sync failed is
 * never durable until it is written again (Linux marks it clean). A removed file stays removed.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
    CLOCK_OFFSET_MS,
    SYNC_FAIL,    /* errno that syncs fail with */
    SYNC_LIE,     /* syncs do nothing and say that they did */
    SYNC_SKIP,    /* so many syncs are spared first */
    SYNC_COUNT,   /* so many fail or lie; -1: all */
    SYNC_SLOW_US, /* before each sync */
    WRITE_FAIL,   /* errno that writes and truncations fail with */
    WRITE_SHORT,  /* half is written before the failure */
    WRITE_SKIP,
    WRITE_COUNT,
    CUT_SKIP,  /* the process is killed at the sync after so many ... */
    CUT_WHERE, /* ... 1 before it, 2 in its middle, 3 after it, before it returns; 0: not */
    /* Counted here: */
    SYNCS,
    SYNCS_FAILED,
    SYNCS_LIED,
    WRITES,
    WRITES_FAILED,
    CLOCK_READS,
    CUTS,
    WORDS
};

#define PAGE 4096
#define FILES 16
#define FDS 65536
#define NONE 0
#define DIRECTORY -1

struct file {
    char name[64];
    /* Never closed while the file is used: that would end SQLite's locks on it. */
    int readable;
    int shadow, dirty_log;
    unsigned char *dirty; /* one byte a page */
    uint32_t pages_max;
    int truncated;
};

static volatile int64_t *control;
static char data_dir[4096], shadow_dir[4096];
static struct file files[FILES];
static signed char of_fd[FDS]; /* index + 1, NONE or DIRECTORY */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

#define REAL(result, name, ...)                                                                    \
    static result (*real_##name)(__VA_ARGS__);                                                     \
    if (!real_##name) *(void **)&real_##name = dlsym(RTLD_NEXT, #name)

static int raw_open(const char *path, int flags, int mode) {
    REAL(int, open, const char *, int, ...);
    return real_open(path, flags, mode);
}
static ssize_t raw_pwrite(int fd, const void *bytes, size_t size, off_t at) {
    REAL(ssize_t, pwrite64, int, const void *, size_t, off_t);
    return real_pwrite64(fd, bytes, size, at);
}
static int raw_ftruncate(int fd, off_t size) {
    REAL(int, ftruncate64, int, off_t);
    return real_ftruncate64(fd, size);
}

static void die(const char *what) {
    fprintf(stderr, "chaos shim: %s: %s\n", what, strerror(errno));
    abort();
}

__attribute__((constructor)) static void begin(void) {
    const char *data = getenv("CHAOS_DATA"), *shadow = getenv("CHAOS_SHADOW");
    const char *steer = getenv("CHAOS_CONTROL");
    if (!data || !shadow || !steer) return;
    if (!realpath(data, data_dir)) die(data);
    snprintf(shadow_dir, sizeof shadow_dir, "%s", shadow);
    int fd = raw_open(steer, O_RDWR | O_CLOEXEC, 0);
    if (fd < 0) die(steer);
    void *at = mmap(NULL, WORDS * 8, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) die("mmap");
    close(fd);
    control = at;
}

static void count(int word) { __sync_fetch_and_add(&control[word], 1); }

/* Whether it happens this time: after `skip`, for `counted` times. */
static int strikes(int skip, int counted) {
    if (control[counted] == 0) return 0;
    if (control[skip] > 0) {
        __sync_fetch_and_sub(&control[skip], 1);
        return 0;
    }
    if (control[counted] > 0) __sync_fetch_and_sub(&control[counted], 1);
    return 1;
}

static void path_in_shadow(char *out, size_t size, const char *name, const char *end) {
    if (snprintf(out, size, "%s/%s%s", shadow_dir, name, end) >= (int)size) die(name);
}

static void mark_dirty(struct file *file, uint64_t from, uint64_t end) {
    for (uint64_t page = from / PAGE; page * PAGE < end; page++) {
        if (page >= file->pages_max) {
            uint32_t more = page * 2 + 1024;
            file->dirty = realloc(file->dirty, more);
            if (!file->dirty) die("memory");
            memset(file->dirty + file->pages_max, 0, more - file->pages_max);
            file->pages_max = more;
        }
        if (!file->dirty[page]) {
            file->dirty[page] = 1;
            uint32_t number = page;
            REAL(ssize_t, write, int, const void *, size_t);
            if (real_write(file->dirty_log, &number, 4) != 4) die("the list of dirty pages");
        }
    }
}

/* Every page that was written is in the image now; with `half`, every second of them. */
static void make_durable(struct file *file, int half) {
    struct stat found;
    if (fstat(file->readable, &found)) die("fstat");
    static char page_bytes[PAGE];
    int nth = 0;
    for (uint32_t page = 0; page < file->pages_max; page++) {
        if (!file->dirty[page] || (half && nth++ % 2)) continue;
        file->dirty[page] = 0;
        ssize_t got = pread(file->readable, page_bytes, PAGE, (off_t)page * PAGE);
        if (got > 0 && raw_pwrite(file->shadow, page_bytes, got, (off_t)page * PAGE) != got)
            die("the durable image");
    }
    if (half) return;
    if (raw_ftruncate(file->shadow, found.st_size)) die("the durable image");
    if (raw_ftruncate(file->dirty_log, 0)) die("the list of dirty pages");
    lseek(file->dirty_log, 0, SEEK_SET);
}

/* After a failed sync the system takes its pages for clean. */
static void forget_dirty(struct file *file) {
    if (file->dirty) memset(file->dirty, 0, file->pages_max);
    if (raw_ftruncate(file->dirty_log, 0)) die("the list of dirty pages");
    lseek(file->dirty_log, 0, SEEK_SET);
}

static void read_dirty(struct file *file) {
    uint32_t number;
    lseek(file->dirty_log, 0, SEEK_SET);
    struct file known = *file;
    while (read(file->dirty_log, &number, 4) == 4) {
        if (number >= known.pages_max) {
            uint32_t more = number * 2 + 1024;
            known.dirty = realloc(known.dirty, more);
            if (!known.dirty) die("memory");
            memset(known.dirty + known.pages_max, 0, more - known.pages_max);
            known.pages_max = more;
        }
        known.dirty[number] = 1;
    }
    *file = known;
}

static int file_of(const char *name, int was_there) {
    int free_at = -1;
    for (int at = 0; at < FILES; at++) {
        if (!strcmp(files[at].name, name)) return at + 1;
        if (!files[at].name[0] && free_at < 0) free_at = at;
    }
    if (free_at < 0) die("too many files");
    struct file *file = &files[free_at];
    char path[5000];
    path_in_shadow(path, sizeof path, name, "");
    int known = access(path, F_OK) == 0;
    file->shadow = raw_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    path_in_shadow(path, sizeof path, name, ".dirty");
    file->dirty_log = raw_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    snprintf(path, sizeof path, "%s/%s", data_dir, name);
    file->readable = raw_open(path, O_RDONLY | O_CLOEXEC, 0);
    if (file->shadow < 0 || file->dirty_log < 0 || file->readable < 0) die(path);
    snprintf(file->name, sizeof file->name, "%s", name);
    if (known) read_dirty(file);
    if (!known && was_there) {
        struct stat found;
        if (fstat(file->readable, &found)) die("fstat");
        mark_dirty(file, 0, found.st_size);
        make_durable(file, 0);
    }
    if (!was_there) {
        path_in_shadow(path, sizeof path, name, ".new");
        int made = raw_open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (made >= 0) close(made);
    }
    return free_at + 1;
}

/* The name within the data directory, if the path is there and is one of the files meant. */
static const char *name_in_data(const char *path) {
    static __thread char parent[4096], real[4096];
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t length = slash ? (size_t)(slash - path) : 1;
    if (length >= sizeof parent) return NULL;
    memcpy(parent, slash ? path : ".", length);
    parent[length] = 0;
    if (!realpath(length ? parent : "/", real) || strcmp(real, data_dir)) return NULL;
    size_t end = strlen(name);
    if (end < 1 || end > 60 || strncmp(name, "fermata.", 8)) return NULL;
    return end > 4 && !strcmp(name + end - 4, "-shm") ? NULL : name;
}

static void opened(const char *path, int fd, int was_there) {
    if (fd < 0 || fd >= FDS) return;
    of_fd[fd] = NONE;
    if (!control) return;
    static __thread char real[4096];
    if (realpath(path, real) && !strcmp(real, data_dir)) {
        of_fd[fd] = DIRECTORY;
        return;
    }
    const char *name = name_in_data(path);
    if (!name) return;
    pthread_mutex_lock(&lock);
    of_fd[fd] = file_of(name, was_there);
    pthread_mutex_unlock(&lock);
}

#define OPEN(name)                                                                                 \
    int name(const char *path, int flags, ...) {                                                   \
        REAL(int, name, const char *, int, ...);                                                   \
        va_list rest;                                                                              \
        va_start(rest, flags);                                                                     \
        int mode = va_arg(rest, int);                                                              \
        va_end(rest);                                                                              \
        int was_there = access(path, F_OK) == 0, keep = errno;                                     \
        int fd = real_##name(path, flags, mode);                                                   \
        keep = fd < 0 ? errno : keep;                                                              \
        opened(path, fd, was_there);                                                               \
        errno = keep;                                                                              \
        return fd;                                                                                 \
    }
OPEN(open)
OPEN(open64)

int openat(int dir, const char *path, int flags, ...) {
    REAL(int, openat, int, const char *, int, ...);
    va_list rest;
    va_start(rest, flags);
    int mode = va_arg(rest, int);
    va_end(rest);
    int was_there = access(path, F_OK) == 0;
    int fd = real_openat(dir, path, flags, mode), keep = errno;
    if (dir == AT_FDCWD) opened(path, fd, was_there);
    errno = keep;
    return fd;
}
int openat64(int dir, const char *path, int flags, ...) {
    va_list rest;
    va_start(rest, flags);
    int mode = va_arg(rest, int);
    va_end(rest);
    return openat(dir, path, flags, mode);
}

int close(int fd) {
    REAL(int, close, int);
    if (fd >= 0 && fd < FDS) of_fd[fd] = NONE;
    return real_close(fd);
}

int unlink(const char *path) {
    REAL(int, unlink, const char *);
    const char *name = control ? name_in_data(path) : NULL;
    int done = real_unlink(path), keep = errno;
    if (done == 0 && name) {
        const char *ends[] = {"", ".dirty", ".new"};
        char in_shadow[5000];
        pthread_mutex_lock(&lock);
        for (int at = 0; at < FILES; at++)
            if (!strcmp(files[at].name, name)) {
                REAL(int, close, int);
                real_close(files[at].readable);
                real_close(files[at].shadow);
                real_close(files[at].dirty_log);
                free(files[at].dirty);
                memset(&files[at], 0, sizeof files[at]);
            }
        for (int end = 0; end < 3; end++) {
            path_in_shadow(in_shadow, sizeof in_shadow, name, ends[end]);
            real_unlink(in_shadow);
        }
        pthread_mutex_unlock(&lock);
    }
    errno = keep;
    return done;
}

static struct file *meant(int fd) {
    if (!control || fd < 0 || fd >= FDS || of_fd[fd] <= 0) return NULL;
    return &files[of_fd[fd] - 1];
}

static ssize_t write_at(int fd, struct file *file, const void *bytes, size_t size, off_t at) {
    pthread_mutex_lock(&lock);
    count(WRITES);
    int64_t fails = 0;
    if (control[WRITE_FAIL] && strikes(WRITE_SKIP, WRITE_COUNT)) {
        count(WRITES_FAILED);
        fails = control[WRITE_FAIL];
        if (control[WRITE_SHORT]) size /= 2;
        if (!control[WRITE_SHORT] || !size) {
            pthread_mutex_unlock(&lock);
            errno = (int)fails;
            return -1;
        }
    }
    ssize_t done = raw_pwrite(fd, bytes, size, at);
    int keep = errno;
    if (done > 0) mark_dirty(file, at, at + done);
    pthread_mutex_unlock(&lock);
    errno = keep;
    return done;
}

ssize_t write(int fd, const void *bytes, size_t size) {
    REAL(ssize_t, write, int, const void *, size_t);
    struct file *file = meant(fd);
    if (!file) return real_write(fd, bytes, size);
    off_t at = lseek(fd, 0, SEEK_CUR);
    ssize_t done = write_at(fd, file, bytes, size, at);
    int keep = errno;
    if (done > 0) lseek(fd, at + done, SEEK_SET);
    errno = keep;
    return done;
}
ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t at) {
    struct file *file = meant(fd);
    return file ? write_at(fd, file, bytes, size, at) : raw_pwrite(fd, bytes, size, at);
}
ssize_t pwrite(int fd, const void *bytes, size_t size, off_t at) {
    return pwrite64(fd, bytes, size, at);
}

int ftruncate64(int fd, off64_t size) {
    struct file *file = meant(fd);
    if (!file) return raw_ftruncate(fd, size);
    pthread_mutex_lock(&lock);
    int done = -1, keep;
    if (control[WRITE_FAIL] && strikes(WRITE_SKIP, WRITE_COUNT)) {
        count(WRITES_FAILED);
        keep = (int)control[WRITE_FAIL];
    } else {
        done = raw_ftruncate(fd, size);
        keep = errno;
        /* The new size becomes durable with the next sync, as the pages do. */
    }
    pthread_mutex_unlock(&lock);
    errno = keep;
    return done;
}
int ftruncate(int fd, off_t size) { return ftruncate64(fd, size); }

static void now_cut(void) {
    count(CUTS);
    kill(getpid(), SIGKILL);
    for (;;) pause();
}

static void names_are_durable(void) {
    for (int at = 0; at < FILES; at++) {
        char path[5000];
        if (!files[at].name[0]) continue;
        path_in_shadow(path, sizeof path, files[at].name, ".new");
        REAL(int, unlink, const char *);
        real_unlink(path);
    }
}

static int sync_file(int fd, int (*real)(int)) {
    struct file *file = meant(fd);
    int directory = control && fd >= 0 && fd < FDS && of_fd[fd] == DIRECTORY;
    if (!file && !directory) return real(fd);
    if (control[SYNC_SLOW_US]) usleep((useconds_t)control[SYNC_SLOW_US]);
    pthread_mutex_lock(&lock);
    count(SYNCS);
    int cut = 0, done = 0, keep = 0;
    if (control[CUT_WHERE]) {
        if (control[CUT_SKIP] > 0) control[CUT_SKIP]--;
        else cut = (int)control[CUT_WHERE];
    }
    if (cut == 1) now_cut();
    /* SQLite syncs the directory as well and does not look how that went; the server has done it
       before, and did. So a single failure is kept for a file. */
    int single_spared = directory && control[SYNC_COUNT] > 0;
    if (control[SYNC_FAIL] && !single_spared && strikes(SYNC_SKIP, SYNC_COUNT)) {
        count(SYNCS_FAILED);
        if (file) forget_dirty(file);
        done = -1;
        keep = (int)control[SYNC_FAIL];
    } else if (control[SYNC_LIE] && strikes(SYNC_SKIP, SYNC_COUNT)) {
        count(SYNCS_LIED);
    } else {
        if (cut == 2) {
            if (file) make_durable(file, 1);
            now_cut();
        }
        done = real(fd);
        keep = errno;
        if (done == 0 && file) make_durable(file, 0);
        if (done == 0 && directory) names_are_durable();
    }
    if (cut) now_cut();
    pthread_mutex_unlock(&lock);
    errno = keep;
    return done;
}

int fsync(int fd) {
    REAL(int, fsync, int);
    return sync_file(fd, real_fsync);
}
int fdatasync(int fd) {
    REAL(int, fdatasync, int);
    return sync_file(fd, real_fdatasync);
}

int clock_gettime(clockid_t clock, struct timespec *out) {
    REAL(int, clock_gettime, clockid_t, struct timespec *);
    int done = real_clock_gettime(clock, out);
    if (done == 0 && control && clock == CLOCK_REALTIME) {
        count(CLOCK_READS);
        int64_t offset = control[CLOCK_OFFSET_MS];
        int64_t nanos = out->tv_nsec + offset % 1000 * 1000000;
        out->tv_sec += offset / 1000 + (nanos >= 1000000000) - (nanos < 0);
        out->tv_nsec = nanos + (nanos < 0) * 1000000000LL - (nanos >= 1000000000) * 1000000000LL;
    }
    return done;
}
