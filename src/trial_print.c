/* SPDX-License-Identifier: GPL-3.0-or-later */
/* `fornix test-node`: what was found, for people. */
#include <stdio.h>
#include <string.h>

#include "base.h"
#include "file.h"
#include "run.h"
#include "trial_parts.h"

enum { PROCESSES = 2 };

/* ---- What to try ---- */

static bool is_file(const char *word)
{
    size_t length = strlen(word);
    return strchr(word, '/') || (length > 3 && strcmp(word + length - 3, ".so") == 0);
}

/* The name of the node that a word means, whose file is added; NULL after a message. */
static const char *node_of(Registry *registry, const char *word, Arena *arena)
{
    if (!is_file(word))
        return word;
    const char *file = file_name(word);
    size_t length = strlen(file);
    bool plugin = length > 3 && strcmp(file + length - 3, ".so") == 0;
    if (!file_exists(word) || !plugin) {
        fprintf(stderr, "fornix test-node: %s '%s'\n",
                plugin ? "there is no file" : "a plugin is a file NAME.so, not", word);
        return NULL;
    }
    registry_add_file(registry, word);
    return arena_slice(arena, file, length - 3);
}

/* A name that nothing can be said of is the user's mistake; a plugin that crashes is not. */
static bool is_there(Registry *registry, const char *name)
{
    FornixError error = {0};
    TrialReport load = {.node = name};
    bool loads = trial_loads(registry, name, &load);
    mem_free(load.findings);
    if (!loads || registry_find(registry, name) || registry_refuses(registry, name))
        return true;
    registry_fail(registry, name, &error);
    fprintf(stderr, "fornix test-node: %s\n", error.text);
    return false;
}

static bool is_own(const char *name)
{
    return strcmp(name, trial_given.name) == 0 || strcmp(name, trial_measure.name) == 0;
}

/* ---- What was found ---- */

static void print_finding(const TrialFinding *finding)
{
    const char *text = finding->text;
    printf("  %-10s FAILED: ", trial_check_name(finding->check));
    for (; *text; text++) /* what is told over several lines stays in the column */
        if (*text != '\n' || !text[1])
            putchar(*text == '\n' ? ' ' : *text);
        else
            printf("\n             ");
    if (finding->line)
        printf("\n             in the example: %.*s", (int)finding->length, finding->line);
    putchar('\n');
}

static bool has_failed(const TrialReport *report, TrialCheck check)
{
    for (int k = 0; k < report->finding_count; k++)
        if (report->findings[k].check == check)
            return true;
    return false;
}

/* A line a check where the node was asked for by name, or went wrong. */
static void print_report(const TrialReport *report, bool all)
{
    unsigned made = 0;
    for (int c = 0; c < TRIAL_CHECKS; c++)
        made += report->checked >> c & 1;
    printf("%-28s %s", report->node, report->family);
    if (report->examples)
        printf(", %d example%s", report->examples, report->examples == 1 ? "" : "s");
    printf(", %u check%s: %s\n", made, made == 1 ? "" : "s",
           report->finding_count ? "FAILED" : "fine");
    for (TrialCheck c = 0; c < TRIAL_CHECKS; c++) {
        bool skipped = report->skipped >> c & 1 && !(report->checked >> c & 1);
        if (skipped && all)
            printf("  %-10s not tried: %s\n", trial_check_name(c), report->note);
        if (!(report->checked >> c & 1))
            continue;
        if (!has_failed(report, c) && all)
            printf("  %-10s %s: %s\n", trial_check_name(c),
                   report->unfinished >> c & 1 ? "not finished" : "fine", trial_check_promise(c));
        for (int k = 0; k < report->finding_count; k++)
            if (report->findings[k].check == c)
                print_finding(&report->findings[k]);
    }
    fflush(stdout);
}

static bool try_node(Registry *registry, const char *name, bool all)
{
    TrialReport *report = trial_run(registry, name, PROCESSES);
    bool fine = report->finding_count == 0;
    print_report(report, all);
    trial_report_free(report);
    return fine;
}

/* ---- All of it ---- */

static int try_all(Registry *registry)
{
    size_t count, tried = 0, failed = 0;
    const char *const *names = registry_names(registry, &count);
    for (size_t k = 0; k < count; k++)
        if (!is_own(names[k])) {
            failed += !try_node(registry, names[k], false);
            tried++;
        }
    printf("%zu nodes: %zu fine, %zu failed\n", tried, tried - failed, failed);
    if (!memory_seen())
        printf("memory: what passes allocate can't be seen with this C library\n");
    return failed ? EXIT_RUN : EXIT_FINE;
}

static int try_words(Registry *registry, const char *const *words, size_t count, Arena *arena)
{
    const char **names = arena_take(arena, count, sizeof *names);
    bool there = true, fine = true;
    for (size_t k = 0; k < count; k++)
        there = (names[k] = node_of(registry, words[k], arena)) != NULL && there;
    for (size_t k = 0; k < count && there; k++)
        there = is_there(registry, names[k]);
    for (size_t k = 0; k < count && there; k++)
        fine = try_node(registry, names[k], true) && fine;
    return there ? fine ? EXIT_FINE : EXIT_RUN : EXIT_INPUT;
}

int trial_nodes(const char *const *words, size_t count)
{
    Registry *registry = trial_registry();
    Arena *arena = arena_new();
    int code = count ? try_words(registry, words, count, arena) : try_all(registry);
    arena_free(arena);
    registry_free(registry);
    return code;
}
