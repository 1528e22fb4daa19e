/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Runs Graphviz's program `dot`.
 *
 * The program, not its library: a layout that fails or hangs ends with its process and not with
 * ours, fornix builds and runs where Graphviz is not, and Graphviz's licence and the GPL do not let
 * both be linked into one program.
 *
 * Input and output are files without names: however much dot writes before it has read all,
 * neither side waits for the other.
 */
#include <errno.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "drawing.h"

extern char **environ;

static bool read_all(FILE *file, Text *out)
{
    char block[16384];
    size_t length;
    rewind(file);
    while ((length = fread(block, 1, sizeof block, file)) > 0)
        text_add_slice(out, block, length);
    return !ferror(file);
}

static bool run_dot(FILE *files[3], const char *format, FornixError *error)
{
    char option[40];
    snprintf(option, sizeof option, "-T%s", format);
    char *const words[] = {(char[]){"dot"}, option, NULL};
    posix_spawn_file_actions_t actions;
    pid_t child;
    int status = 0, wrong = posix_spawn_file_actions_init(&actions);
    if (wrong)
        return fornix_fail(error, "cannot start dot: %s", strerror(wrong));
    for (int k = 0; !wrong && k < 3; k++)
        wrong = posix_spawn_file_actions_adddup2(&actions, fileno(files[k]), k);
    if (!wrong)
        wrong = posix_spawnp(&child, "dot", &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (wrong == ENOENT)
        return fornix_fail(error, "Graphviz is not here: there is no program 'dot' (Debian: "
                                  "graphviz); -o NAME.dot writes the picture's description");
    if (wrong)
        return fornix_fail(error, "cannot start dot: %s", strerror(wrong));
    while (waitpid(child, &status, 0) < 0)
        if (errno != EINTR)
            return fornix_fail(error, "dot is lost: %s", strerror(errno));
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
        return true;
    Text said = {0};
    read_all(files[2], &said);
    size_t line = strcspn(text_value(&said), "\n");
    fornix_fail(error, "dot failed: %.*s", (int)(line < 500 ? line : 500),
                said.length ? text_value(&said) : "it does not say why");
    text_free(&said);
    return false;
}

/* Colours for readers in the dark, by what stands for each in the light. */
static const char dark[] =
    "<style>@media (prefers-color-scheme: dark) {\n"
    "svg [fill=\"white\"] { fill: #15181d }\n"
    "svg [fill=\"#1b1f24\"] { fill: #e6e9ee }\n"
    "svg text[fill=\"#5b6570\"] { fill: #a0abb8 }\n"
    "svg [fill=\"#f4f5f7\"] { fill: #23272e }\n"
    "svg [fill=\"#e3eefb\"] { fill: #1d3148 }\n"
    "svg [fill=\"#fbf0d9\"] { fill: #40341a }\n"
    "svg [fill=\"#e9f4ea\"] { fill: #1e3623 }\n"
    "svg [fill=\"#fbe6e4\"] { fill: #462322 }\n"
    "svg [fill=\"#fafbfc\"] { fill: #1b1f25 }\n"
    "svg [stroke=\"#8a94a0\"], svg [stroke=\"#c3cad2\"] { stroke: #5d6773 }\n"
    "}</style>\n";

static void add_dark(const char *svg, Text *out)
{
    const char *tag;
    while ((tag = strstr(svg, "<svg ")) && strchr(tag, '>')) {
        const char *behind = strchr(tag, '>') + 1;
        text_add_slice(out, svg, (size_t)(behind - svg));
        text_add(out, "\n");
        text_add(out, dark);
        svg = behind;
    }
    text_add(out, svg);
}

bool drawing_render(const Text *dot, const char *format, Text *picture, FornixError *error)
{
    FILE *files[3] = {NULL};
    bool fine = true;
    for (int k = 0; k < 3; k++) {
        files[k] = tmpfile();
        fine = fine && files[k];
    }
    fine = fine && fwrite(text_value(dot), 1, dot->length, files[0]) == dot->length &&
           fflush(files[0]) == 0 && lseek(fileno(files[0]), 0, SEEK_SET) == 0;
    if (!fine)
        fornix_fail(error, "no file to pass the picture on: %s", strerror(errno));
    Text drawn = {0};
    fine = fine && run_dot(files, format, error);
    if (fine && !read_all(files[1], &drawn))
        fine = fornix_fail(error, "cannot read what dot drew");
    if (fine && strcmp(format, "svg") == 0)
        add_dark(text_value(&drawn), picture);
    else if (fine)
        text_add_slice(picture, drawn.data, drawn.length);
    text_free(&drawn);
    for (int k = 0; k < 3; k++)
        if (files[k])
            fclose(files[k]);
    return fine;
}
