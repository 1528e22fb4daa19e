/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "template.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "arena.h"
#include "base.h"
#include "descriptor.h"
#include "file.h"
#include "install.h"
#include "language.h"
#include "registry.h"
#include "run.h"
#include "text.h"

#define STANDS_FOR "my_node"

enum { NAME_MOST = 60, KINDS_MOST = 16, FILE_MOST = 1 << 20 };

static bool refuse(const char *format, ...) FORNIX_PRINTF(1, 2);

static bool refuse(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    fputs("fornix new-node: ", stderr);
    vfprintf(stderr, format, values);
    fputc('\n', stderr);
    va_end(values);
    return false;
}

/* ---- What is asked for ---- */

static bool kind_known(const char *kind, Arena *arena)
{
    const char *kinds[KINDS_MOST];
    size_t count = 0;
    bool known = false;
    for (const char *at = TEMPLATE_KINDS; *at && count < KINDS_MOST; at += *at == '|') {
        size_t length = strcspn(at, "|");
        kinds[count] = arena_slice(arena, at, length);
        known = known || (kind && strcmp(kinds[count], kind) == 0);
        count++;
        at += length;
    }
    if (known)
        return true;
    if (!kind)
        return refuse("--kind says what it will be: %s", TEMPLATE_KINDS);
    const char *near = text_suggest(kind, kinds, count);
    return near ? refuse("there is no kind '%s'; did you mean '%s'?", kind, near)
                : refuse("there is no kind '%s': %s", kind, TEMPLATE_KINDS);
}

/* The nearest name that would do: "Focal-Loss" is focal_loss. */
static const char *name_mended(const char *name, Arena *arena)
{
    Text text = {0};
    for (; *name && text.length < NAME_MOST; name++) {
        char c = (char)tolower((unsigned char)*name);
        bool letter = c >= 'a' && c <= 'z', digit = c >= '0' && c <= '9';
        if (letter || (digit && text.length))
            text_add_slice(&text, &c, 1);
        else if (text.length && text.data[text.length - 1] != '_' && name[1])
            text_add(&text, "_");
    }
    const char *mended = arena_text(arena, text_value(&text));
    text_free(&text);
    return mended;
}

static bool name_free(const char *name, Arena *arena)
{
    if (!descriptor_name_good(name) || strlen(name) > NAME_MOST) {
        const char *mended = name_mended(name, arena);
        return refuse("'%s' can't be the name of a node: up to %d of a-z, 0-9 and _, a letter "
                      "first%s%s%s",
                      name, (int)NAME_MOST, *mended ? "; how about '" : "", mended,
                      *mended ? "'?" : "");
    }
    if (language_word(name))
        return refuse("'%s' is a word of the language; how about 'my_%s'?", name, name);
    Registry *registry = registry_new();
    bool taken = registry_find(registry, name) || registry_refuses(registry, name);
    registry_free(registry);
    if (taken)
        return refuse("there is a node '%s' already; how about 'my_%s'?", name, name);
    return !file_exists(name) ||
           refuse("'%s' is here already: nothing was written; take another name or folder", name);
}

/* ---- What is written ---- */

static const char *templates_folder(Arena *arena)
{
    const char *build = install_build(arena);
    if (build)
        return arena_format(arena, "%s/nodes/templates", build);
    const char *beside = install_beside(arena, "share/fornix/templates");
    return beside && file_is_folder(beside) ? beside : FORNIX_TEMPLATES;
}

static void text_named(Text *out, const char *text, const char *name)
{
    for (const char *at; (at = strstr(text, STANDS_FOR)); text = at + strlen(STANDS_FOR)) {
        text_add_slice(out, text, (size_t)(at - text));
        text_add(out, name);
    }
    text_add(out, text);
}

static bool write_file(const char *from, const char *folder, const char *name, FornixError *error)
{
    Text path = {0}, content = {0};
    text_format(&path, "%s/", folder);
    text_named(&path, file_name(from), name);
    char *text = file_read(from, FILE_MOST, NULL, error);
    text_named(&content, text ? text : "", name);
    bool fine = text && file_write(text_value(&path), text_value(&content), content.length, error);
    mem_free(text);
    text_free(&path);
    text_free(&content);
    return fine;
}

static bool write_files(const char *from, const char *folder, const char *name, FornixError *error)
{
    size_t count = 0;
    char **files = file_list(from, &count, error);
    bool fine = files != NULL;
    for (size_t k = 0; k < count && fine; k++) {
        char *path = file_join(from, files[k]);
        fine = write_file(path, folder, name, error);
        mem_free(path);
    }
    if (files)
        file_list_free(files, count);
    return fine;
}

/* Into a hidden folder first: what is there under the name is whole. */
static bool write_folder(const char *name, const char *kind, Arena *arena, FornixError *error)
{
    const char *templates = templates_folder(arena);
    const char *own = arena_format(arena, "%s/%s", templates, kind);
    const char *test = arena_format(arena, "%s/test.c", own);
    const char *hidden = arena_format(arena, ".%s.tmp-%ld", name, (long)getpid());
    const char *common =
        arena_format(arena, "%s/%s", templates, file_exists(test) ? "tensors" : "tables");
    bool fine = file_make_folders(hidden, error) && write_files(common, hidden, name, error) &&
                write_files(own, hidden, name, error) && file_rename(hidden, name, error);
    FornixError ignored = {0};
    if (!fine)
        file_remove(hidden, &ignored);
    return fine;
}

static void tell(const char *name, const char *kind)
{
    printf("%s/ holds a node that works (%s): %s.c is what to change.\n"
           "  make -C %s          builds %s.so\n"
           "  make -C %s test     tries it; says what to mend\n"
           "  FORNIX_PLUGIN_PATH=%s fornix describe %s\n",
           name, kind, name, name, name, name, name, name);
}

int template_write(const char *name, const char *kind)
{
    Arena *arena = arena_new();
    FornixError error = {0};
    int code = EXIT_INPUT;
    if (kind_known(kind, arena) && name_free(name, arena)) {
        code = write_folder(name, kind, arena, &error) ? EXIT_FINE : EXIT_RUN;
        if (code == EXIT_FINE)
            tell(name, kind);
        else
            refuse("%s", error.text);
    }
    arena_free(arena);
    return code;
}
