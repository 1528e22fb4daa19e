/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A text file that a user wrote, read whole and checked.
 *
 * Nothing that a path names is trusted: a device, a pipe that never ends, a file that grows while
 * it is read, bytes that are no text. Whoever reads the text afterwards need not look again.
 */
#define _GNU_SOURCE

#include "source.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "text.h"

enum { MOST_BYTES = SOURCE_MIB << 20 };

const char *path_beside(const char *beside, const char *path, Arena *arena)
{
    const char *slash = strrchr(beside, '/');
    if (path[0] == '/' || !slash)
        return arena_text(arena, path);
    return arena_format(arena, "%.*s%s", (int)(slash - beside) + 1, beside, path);
}

const char *path_absolute(const char *path, Arena *arena)
{
    char *here = path[0] == '/' ? NULL : get_current_dir_name();
    const char *whole = here ? arena_format(arena, "%s/%s", here, path) : arena_text(arena, path);
    mem_free(here);
    return whole;
}

Place source_place(const Source *source, size_t at, size_t length)
{
    Place place = {.source = source, .line = 1, .column = 1, .length = 0};
    if (at > source->length)
        at = source->length;
    for (size_t i = 0; i < at; i++) {
        if (source->text[i] == '\n') {
            place.line++;
            place.column = 1;
        } else if (((unsigned char)source->text[i] & 0xC0) != 0x80) {
            place.column++;
        }
    }
    for (size_t i = at; i < source->length && i - at < length && source->text[i] != '\n'; i++)
        place.length += ((unsigned char)source->text[i] & 0xC0) != 0x80;
    if (!place.length)
        place.length = 1;
    return place;
}

static void missing(const char *path, Place asked, Diag *diag, Arena *arena)
{
    char *nearest = file_suggest(path);
    const char *beside = asked.source ? asked.source->name : "", *slash = strrchr(beside, '/');
    size_t folder = slash ? (size_t)(slash - beside) + 1 : 0;
    bool relative = nearest && strncmp(nearest, beside, folder) == 0; /* as the user wrote it */
    diag_error_help(
        diag, asked,
        nearest ? arena_format(arena, "did you mean '%s'?", nearest + (relative ? folder : 0))
                : NULL,
        "no file '%s'", path);
    mem_free(nearest);
}

/* The length of the valid UTF-8 sequence at text; 0 if it is none. */
static size_t sequence(const unsigned char *text, size_t left)
{
    unsigned char lead = text[0];
    size_t length = lead < 0x80 ? 1 : lead < 0xC2 ? 0 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    if (lead > 0xF4 || length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((text[i] & 0xC0) != 0x80)
            return 0;
    bool bad = (lead == 0xE0 && text[1] < 0xA0) || (lead == 0xED && text[1] > 0x9F) ||
               (lead == 0xF0 && text[1] < 0x90) || (lead == 0xF4 && text[1] > 0x8F);
    return bad ? 0 : length;
}

/* Says what is wrong with the bytes as text; NULL if nothing is. */
static const char *text_fault(const char *text, size_t length)
{
    if (length >= 2 && (memcmp(text, "\xFE\xFF", 2) == 0 || memcmp(text, "\xFF\xFE", 2) == 0))
        return "it is UTF-16: save it as UTF-8";
    if (memchr(text, '\0', length))
        return "it holds a NUL byte";
    for (size_t at = 0, step; at < length; at += step) {
        step = sequence((const unsigned char *)text + at, length - at);
        if (!step)
            return "it is not UTF-8: save it as UTF-8";
    }
    return NULL;
}

/* Reads to the end; false after an error. */
static bool drain(int file, char *text, size_t *length)
{
    *length = 0;
    while (*length <= MOST_BYTES) {
        ssize_t got = read(file, text + *length, MOST_BYTES + 1 - *length);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return got == 0;
        *length += (size_t)got;
    }
    return true;
}

static const Source *source_check(const char *path, char *text, size_t length, Place asked,
                                  Diag *diag, Arena *arena)
{
    if (length > MOST_BYTES) {
        diag_error(diag, asked, "'%s' is larger than the %d MiB that a graph may have", path,
                   MOST_BYTES >> 20);
        return NULL;
    }
    const char *fault = text_fault(text, length);
    if (fault) {
        diag_error(diag, asked, "cannot read '%s': %s", path, fault);
        return NULL;
    }
    size_t mark = length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
    Source *source = arena_take(arena, 1, sizeof *source);
    *source = (Source){.name = arena_text(arena, path),
                       .text = arena_slice(arena, text + mark, length - mark),
                       .length = length - mark};
    return source;
}

const Source *source_read(const char *path, Place asked, Diag *diag, Arena *arena)
{
    /* A pipe without a writer must not block the opening. */
    int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat about;
    if (file < 0 && errno == ENOENT) {
        missing(path, asked, diag, arena);
        return NULL;
    }
    if (file < 0 || fstat(file, &about) != 0) {
        diag_error(diag, asked, "cannot read '%s': %s", path, strerror(errno));
        if (file >= 0)
            close(file);
        return NULL;
    }
    const Source *source = NULL;
    if (!S_ISREG(about.st_mode)) {
        diag_error(diag, asked, "'%s' is a %s, not a file", path,
                   S_ISDIR(about.st_mode) ? "folder" : "device or pipe");
    } else {
        size_t length;
        char *text = mem_new(MOST_BYTES + 1, 1);
        if (drain(file, text, &length))
            source = source_check(path, text, length, asked, diag, arena);
        else
            diag_error(diag, asked, "cannot read '%s': %s", path, strerror(errno));
        mem_free(text);
    }
    close(file);
    return source;
}

const Source *source_make(const char *name, const char *text, Arena *arena)
{
    Source *source = arena_take(arena, 1, sizeof *source);
    *source = (Source){
        .name = arena_text(arena, name), .text = arena_text(arena, text), .length = strlen(text)};
    return source;
}
