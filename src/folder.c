/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Folders and paths, the other half of file.h. */
#define _GNU_SOURCE

#include "file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base.h"
#include "text.h"

const char *file_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

char *file_folder(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        return mem_text(".");
    if (slash == path)
        return mem_text("/");
    char *folder = mem_text(path);
    folder[slash - path] = '\0';
    return folder;
}

char *file_join(const char *folder, const char *name)
{
    if (name[0] == '/' || !*folder)
        return mem_text(name);
    size_t length = strlen(folder), rest = strlen(name) + 1;
    bool slash = folder[length - 1] == '/';
    char *path = mem_new(length + 1 + rest, 1);
    memcpy(path, folder, length);
    if (!slash)
        path[length++] = '/';
    memcpy(path + length, name, rest);
    return path;
}

bool file_make_folders(const char *path, FornixError *error)
{
    char *part = mem_text(path);
    bool ok = true;
    /* Begins behind the first character, so that the slash of an absolute path is no folder. */
    for (char *at = part; ok && *at; at++) {
        if (at[1] != '/' && at[1] != '\0')
            continue;
        char after = at[1];
        at[1] = '\0';
        /* Someone else may make it at the same time: what counts is that it is there. */
        if (mkdir(part, 0777) < 0) {
            int reason = errno;
            if (!file_is_folder(part))
                ok = fornix_fail(error, "%s: cannot make folder: %s", part, strerror(reason));
        }
        at[1] = after;
    }
    mem_free(part);
    return ok;
}

static bool is_dots(const char *name)
{
    return strcmp(name, ".") == 0 || strcmp(name, "..") == 0;
}

/* Removes name in the folder open as `above`. By handles, so that a link that someone puts in
 * place of a folder meanwhile is not followed. */
static bool remove_at(int above, const char *name)
{
    if (unlinkat(above, name, 0) == 0 || errno == ENOENT)
        return true;
    if (errno != EISDIR && errno != EPERM)
        return false;
    int file = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (file < 0)
        return false;
    DIR *folder = fdopendir(file);
    if (!folder) {
        close(file);
        return false;
    }
    bool ok = true;
    struct dirent *entry;
    while (ok && (entry = readdir(folder)))
        ok = is_dots(entry->d_name) || remove_at(file, entry->d_name);
    int reason = errno;
    closedir(folder);
    errno = reason;
    return ok && unlinkat(above, name, AT_REMOVEDIR) == 0;
}

bool file_remove(const char *path, FornixError *error)
{
    return remove_at(AT_FDCWD, path) ||
           fornix_fail(error, "%s: cannot remove: %s", path, strerror(errno));
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

char **file_list(const char *path, size_t *count, FornixError *error)
{
    DIR *folder = opendir(path);
    if (!folder) {
        fornix_fail_input(error, "%s: %s", path, strerror(errno));
        return NULL;
    }
    size_t capacity = 16, used = 0;
    char **names = mem_new(capacity, sizeof *names);
    struct dirent *entry;
    while (errno = 0, entry = readdir(folder)) {
        if (entry->d_name[0] == '.')
            continue;
        if (used == capacity)
            names = mem_grow(names, capacity *= 2, sizeof *names);
        names[used++] = mem_text(entry->d_name);
    }
    int reason = errno;
    closedir(folder);
    if (reason) {
        fornix_fail(error, "%s: cannot read: %s", path, strerror(reason));
        file_list_free(names, used);
        return NULL;
    }
    qsort(names, used, sizeof *names, by_bytes);
    *count = used;
    return names;
}

void file_list_free(char **names, size_t count)
{
    for (size_t i = 0; names && i < count; i++)
        mem_free(names[i]);
    mem_free(names);
}

int64_t file_free_space(const char *folder)
{
    struct statvfs status;
    int64_t bytes;
    if (statvfs(folder, &status) < 0 ||
        !size_multiply((int64_t)status.f_bavail, (int64_t)status.f_frsize, &bytes))
        return -1;
    return bytes;
}

/* Files that differ by a number are other subjects', not the same one misspelt. */
static bool same_digits(const char *a, const char *b)
{
    static const char digits[] = "0123456789";
    do {
        a += strcspn(a, digits);
        b += strcspn(b, digits);
        if (*a != *b)
            return false;
    } while (*a++ && *b++);
    return true;
}

char *file_suggest(const char *path)
{
    FornixError none = {0};
    size_t at = 0, length;
    char *known = mem_text(path), *found = NULL;
    do { /* to the first name that is not there */
        length = strcspn(path + at, "/");
        strcpy(known, path);
        known[at + length] = '\0';
        at += length + 1;
    } while (path[at - 1] && (!*known || file_exists(known)));
    at -= length + 1;
    known[at ? at - (at > 1) : 0] = '\0';
    size_t count = 0;
    char **names = length ? file_list(at ? known : ".", &count, &none) : NULL;
    char *name = mem_text(path + at);
    name[length] = '\0';
    size_t alike = 0;
    const char **fit = mem_new(count + 1, sizeof *fit);
    for (size_t i = 0; i < count; i++)
        if (same_digits(name, names[i]) && text_distance(name, names[i]) <= 2)
            fit[alike++] = names[i];
    const char *near = text_suggest(name, fit, alike);
    mem_free(fit);
    if (near) {
        Text whole = {0};
        text_add_slice(&whole, path, at);
        text_format(&whole, "%s%s", near, path + at + length);
        if (file_exists(text_value(&whole)))
            found = mem_text(text_value(&whole));
        text_free(&whole);
    }
    file_list_free(names, count);
    mem_free(name);
    mem_free(known);
    return found;
}
