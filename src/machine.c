/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "machine.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base.h"

static int64_t lesser(int64_t a, int64_t b)
{
    return b > 0 && b < a ? b : a;
}

static int64_t read_number(const char *path)
{
    FILE *file = fopen(path, "r");
    int64_t number = 0; /* "max" is none */
    if (file && fscanf(file, "%" SCNd64, &number) != 1)
        number = 0;
    if (file)
        fclose(file);
    return number;
}

/* The least of the group's own limit and of all groups that it is in; 0: none is known. */
static int64_t group_limit(void)
{
    char line[2000] = "", path[2100];
    FILE *file = fopen("/proc/self/cgroup", "r");
    int64_t least = INT64_MAX;
    while (file && fgets(line, sizeof line, file) && strncmp(line, "0::/", 4) != 0)
        line[0] = '\0';
    if (file)
        fclose(file);
    if (!line[0])
        return 0;
    char *group = line + 3;
    group[strcspn(group, "\n")] = '\0';
    for (char *end = group + strlen(group); end; end = strrchr(group, '/')) {
        *end = '\0';
        snprintf(path, sizeof path, "/sys/fs/cgroup%s/memory.max", group);
        least = lesser(least, read_number(path));
        if (end == group)
            break;
    }
    return least == INT64_MAX ? 0 : least;
}

int64_t machine_memory(void)
{
    int64_t pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE), bytes;
    struct rlimit limit;
    if (pages < 0 || size < 0 || !size_multiply(pages, size, &bytes))
        bytes = (int64_t)1 << 32;
    if (getrlimit(RLIMIT_AS, &limit) == 0 && limit.rlim_cur < (rlim_t)INT64_MAX)
        bytes = lesser(bytes, (int64_t)limit.rlim_cur);
    return lesser(bytes, group_limit());
}
