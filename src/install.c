/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "install.h"

#include <limits.h>
#include <string.h>
#include <unistd.h>

#include "file.h"

/* The folder of the running program, without a closing slash; NULL where it can't be told. */
static char *program_folder(Arena *arena)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path);
    if (length <= 0 || (size_t)length == sizeof path)
        return NULL;
    while (length > 0 && path[length - 1] != '/')
        length--;
    return arena_slice(arena, path, length > 1 ? (size_t)length - 1 : 1);
}

/* Programs of the build stand in src/ or tests/, or in .libs/ in there: a folder or more below the
 * one that was configured. */
const char *install_build(Arena *arena)
{
    char *folder = program_folder(arena);
    for (int level = 0; level < 4 && folder && *folder; level++) {
        if (file_exists(arena_format(arena, "%s/config.status", folder)) &&
            file_is_folder(arena_format(arena, "%s/nodes/.libs", folder)))
            return folder;
        char *slash = strrchr(folder, '/');
        if (slash)
            *slash = '\0';
    }
    return NULL;
}

const char *install_beside(Arena *arena, const char *behind)
{
    const char *program = program_folder(arena);
    return program ? arena_format(arena, "%s/../%s", program, behind) : NULL;
}
