/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Who works on what, in files that any number of machines share.
 *
 * A claim is the file KEY.N with the name of its owner in it, made by link, which one of several
 * processes can do. It counts while its owner lives: a process of this machine is asked for, of
 * another one the file's time must not be old, against the clock of the file system itself. Nobody
 * removes a dead owner's claim, which would take away a new one by mistake: whoever finds KEY.N
 * dead links KEY.N+1, and again just one can.
 *
 * Two owners of one task (one was suspended for minutes) do no harm: what they make are the same
 * bits, published by a rename.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "file.h"
#include "sweep_parts.h"

enum { STALE_SECONDS = 60, OWNER = 400 };

struct SweepClaim {
    char *path;
    int64_t generation;
};

/* ---- Owners ------------------------------------------------------------------------------ */

static void read_line(const char *path, char *line, size_t size)
{
    FILE *file = fopen(path, "r");
    line[0] = '\0';
    if (file && !fgets(line, (int)size, file))
        line[0] = '\0';
    if (file)
        fclose(file);
    line[strcspn(line, "\n")] = '\0';
}

/* Where process ids mean the same: a start of a machine, and in it a container. */
static void host_text(char *host, size_t size)
{
    char name[100] = "", boot[80], space[80] = "";
    gethostname(name, sizeof name - 1);
    read_line("/proc/sys/kernel/random/boot_id", boot, sizeof boot);
    ssize_t length = readlink("/proc/self/ns/pid", space, sizeof space - 1);
    space[length > 0 ? length : 0] = '\0';
    snprintf(host, size, "%s/%s/%s", name, boot, space);
    for (char *at = host; *at; at++)
        if (*at == ' ')
            *at = '_';
}

/* When the process began, since a number comes again; 0: there is no such process. */
static unsigned long long process_start(long process)
{
    char path[60], line[1024];
    unsigned long long start = 0;
    snprintf(path, sizeof path, "/proc/%ld/stat", process);
    read_line(path, line, sizeof line);
    const char *at = strrchr(line, ')'); /* the name may hold anything */
    if (!at)                             /* no /proc here: any process of that number */
        return access("/proc/self/stat", R_OK) != 0 && kill((pid_t)process, 0) == 0;
    bool dead = at[1] == ' ' && (at[2] == 'Z' || at[2] == 'X');
    sscanf(at + 1,
           " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
           "%llu",
           &start);
    return dead ? 0 : start;
}

static void owner_text(char *owner)
{
    char host[OWNER - 60];
    host_text(host, sizeof host);
    long self = (long)getpid();
    snprintf(owner, OWNER, "%s %ld %llu\n", host, self, process_start(self));
}

/* Alive as far as can be known; age: seconds since the last sign of life. */
static bool owner_lives(const char *owner, double age)
{
    char host[OWNER], here[OWNER];
    long process = 0;
    unsigned long long start = 0;
    host_text(here, sizeof here - 60);
    if (sscanf(owner, "%399s %ld %llu", host, &process, &start) == 3 && strcmp(host, here) == 0)
        return process_start(process) == start;
    return age < STALE_SECONDS;
}

/* ---- Claims ------------------------------------------------------------------------------ */

static char *claim_path(const char *folder, const char *key, int64_t generation)
{
    char name[80];
    snprintf(name, sizeof name, "%s.%lld", key, (long long)generation);
    return file_join(folder, name);
}

static bool claim_lives(const char *path, const struct stat *now)
{
    struct stat info;
    char owner[OWNER];
    if (stat(path, &info) != 0)
        return true; /* left this moment: next time */
    if (info.st_mtim.tv_sec == 0)
        return false; /* given back */
    read_line(path, owner, sizeof owner);
    return owner_lives(owner, difftime(now->st_mtim.tv_sec, info.st_mtim.tv_sec));
}

/* A file with this process's name in it, as new as the file system's clock. */
static bool write_owner(const char *path, struct stat *now, FornixError *error)
{
    char owner[OWNER];
    owner_text(owner);
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    bool fine = file >= 0 && write(file, owner, strlen(owner)) == (ssize_t)strlen(owner) &&
                fstat(file, now) == 0;
    if (!fine)
        fornix_fail(error, "%s: %s", path, strerror(errno));
    if (file >= 0)
        close(file);
    return fine;
}

ClaimResult claim_take(const char *folder, const char *key, SweepClaim **claim, FornixError *error)
{
    char name[160], host[100] = "";
    struct stat now;
    gethostname(host, sizeof host - 1);
    snprintf(name, sizeof name, ".%s-%ld", host, (long)getpid());
    char *mine = file_join(folder, name), *path = NULL;
    ClaimResult result = CLAIM_BROKEN;
    int64_t generation = 0;
    if (write_owner(mine, &now, error)) {
        for (path = claim_path(folder, key, 0); file_exists(path);
             path = claim_path(folder, key, ++generation)) {
            mem_free(path);
        }
        char *last = generation ? claim_path(folder, key, generation - 1) : NULL;
        result = CLAIM_BUSY;
        if (!last || !claim_lives(last, &now)) {
            if (link(mine, path) == 0)
                result = CLAIM_MINE;
            else if (errno != EEXIST) {
                fornix_fail(error, "%s: %s", path, strerror(errno));
                result = CLAIM_BROKEN;
            }
        }
        mem_free(last);
    }
    unlink(mine);
    mem_free(mine);
    if (result == CLAIM_MINE) {
        *claim = mem_new(1, sizeof **claim);
        **claim = (SweepClaim){path, generation};
    } else {
        mem_free(path);
    }
    return result;
}

void claim_beat(SweepClaim *claim)
{
    utimensat(AT_FDCWD, claim->path, NULL, 0); /* gone: someone else will say */
}

/* One that followed a dead one stays, as given back: numbers only grow. */
void claim_leave(SweepClaim *claim)
{
    const struct timespec never[2] = {{0}, {0}};
    if (!claim)
        return;
    if (claim->generation == 0)
        unlink(claim->path);
    else
        utimensat(AT_FDCWD, claim->path, never, 0);
    mem_free(claim->path);
    mem_free(claim);
}
