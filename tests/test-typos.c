/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Typos: one character dropped, doubled or swapped with its neighbour, everywhere in each graph.
 *
 * Every name of an element, every name of an attribute and every value of the ready graphs is
 * spoilt at every place in each of the three ways, and checked in this process as `fornix check`
 * does. A typo must be found, the first mistake told must underline it (or, of a name that was
 * spoilt where it is given, whoever still uses the right one), and its help must say what was
 * meant. What is not asked of a graph is stated in typos-judge.h, each with its reason.
 *
 * TYPOS=N tries every Nth; TYPOS=1 all. TYPOS_SHOW=1 prints what falls short. TYPOS_AT=FILE or
 * FILE:LINE (controls/permuted.xml:12) tries those of one file, or of a line.
 */
#define _GNU_SOURCE

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "typos-data.h"
#include "typos-judge.h"

/* ---- Spoiling ------------------------------------------------------------------------------ */

/* The same typo at another place of the text (an element's closing name), which has moved. */
static void spoil(char *text, size_t at, Way way)
{
    size_t rest = strlen(text + at);
    char next = text[at + 1];
    if (way == DROP) {
        memmove(text + at, text + at + 1, rest);
    } else if (way == DOUBLE) {
        memmove(text + at + 1, text + at, rest + 1);
    } else {
        text[at + 1] = text[at];
        text[at] = next;
    }
}

/* Without the care that file_write takes of its disk. */
static void text_write(const char *path, const char *text, size_t length)
{
    FILE *file = fopen(path, "w");
    if (!file || fwrite(text, 1, length, file) != length || fclose(file) != 0) {
        perror(path);
        exit(1);
    }
}

/* Whether that byte is in the file, or on the line, that alone is asked for. */
static bool is_asked(const Subject *graph, size_t typo)
{
    size_t length = strlen(graph->path);
    if (!asked)
        return true;
    if (strncmp(asked, graph->path, length) != 0 || !strchr(":", asked[length]))
        return false;
    if (!asked[length])
        return true;
    size_t first = byte_of(graph->text, atoi(asked + length + 1), 1);
    return first <= typo && typo < first + strcspn(graph->text + first, "\n");
}

static void try_typo(Subject *graph, const Piece *piece, Way way, size_t typo)
{
    if (!is_asked(graph, typo) || graph->turn++ % graph->step != 0)
        return;
    char *spoilt = mem_new(graph->length + 3, 1);
    memcpy(spoilt, graph->text, graph->length);
    if (piece->closing)
        spoil(spoilt, piece->closing + (typo - piece->at), way);
    spoil(spoilt, typo, way);
    text_write(graph->path, spoilt, strlen(spoilt));
    judge(graph, piece, way, typo, spoilt);
    mem_free(spoilt);
}

static void try_piece(Subject *graph, const Piece *piece)
{
    const char *text = graph->text;
    size_t last = piece->at + piece->length;
    for (size_t at = piece->at; at < last; at++) {
        try_typo(graph, piece, DROP, at);
        try_typo(graph, piece, DOUBLE, at);
        bool inside = at + 1 < (piece->class == SIGN ? piece->value + piece->value_length : last);
        if (inside && text[at] != text[at + 1])
            try_typo(graph, piece, SWAP, at);
    }
}

static bool gives_name(const char *text, const Piece *piece)
{
    const char *name = piece->attribute->name, *element = piece->element->name;
    return strcmp(name, "id") == 0 ||
           (strcmp(name, "name") == 0 &&
            (strcmp(element, "param") == 0 || strcmp(element, "for") == 0)) ||
           (strcmp(name, "input") == 0 && strcmp(element, "net") == 0) ||
           (strcmp(name, "as") == 0 && strcmp(element, "include") == 0) ||
           ((strcmp(name, "labels") == 0 || strcmp(name, "grades") == 0) &&
            text[piece->at + piece->length] == ':') ||
           (strcmp(name, "of") == 0 && strcmp(element, "param") == 0) ||
           (strcmp(name, "in") == 0 && strcmp(element, "for") == 0);
}

/* The words, numbers and signs of a value; in an expression '-' is a sign. */
static void try_value(Subject *graph, Piece piece)
{
    const char *text = graph->text;
    size_t end = piece.value + piece.value_length;
    bool condition = strcmp(piece.attribute->name, "if") == 0, inside = condition;
    piece.word = piece.value;
    for (size_t at = piece.value; at < end; at += piece.length) {
        bool entity = at > piece.value && text[at - 1] == '&';
        bool word = !entity && (isalpha((unsigned char)text[at]) || text[at] == '_');
        piece.at = at;
        piece.length = 1;
        inside = condition || (inside && text[at] != '}') || strncmp(text + at, "${", 2) == 0;
        if (isspace((unsigned char)text[at])) {
            piece.word = at + 1;
        } else {
            piece.word_length = strcspn(text + piece.word, " \t\n\"'");
            while ((word || entity || isdigit((unsigned char)text[at])) &&
                   at + piece.length < end &&
                   (isalnum((unsigned char)text[at + piece.length]) ||
                    text[at + piece.length] == '_' ||
                    (text[at + piece.length] == '-' && word && !inside)))
                piece.length++;
        }
        piece.class = word ? (gives_name(text, &piece) && !inside ? GIVEN : WORD)
                           : (isdigit((unsigned char)text[at]) ? NUMBER : SIGN);
        try_piece(graph, &piece);
    }
}

/* The '/' of the closing tag of the element whose name stands at that byte; 0: it has none. */
static size_t closing_of(const char *text, size_t at)
{
    int depth = 0;
    for (at--; text[at]; at++) {
        if (strncmp(text + at, "<!--", 4) == 0) {
            at = (size_t)(strstr(text + at, "-->") - text);
        } else if (text[at] == '"') {
            at = (size_t)(strchr(text + at + 1, '"') - text);
        } else if (text[at] == '<') {
            depth += text[at + 1] == '/' ? -1 : 1;
            if (depth == 0)
                return at + 1;
        } else if (strncmp(text + at, "/>", 2) == 0 && --depth == 0) {
            return 0;
        }
    }
    return 0;
}

static bool is_collect_word(const Attribute *attribute)
{
    return strcmp(attribute->name, "pool") == 0 || strcmp(attribute->name, "doc") == 0;
}

static void try_element(Subject *graph, const Element *element)
{
    const char *text = graph->text;
    Piece piece = {.class = ELEMENT, .element = element, .length = strlen(element->name)};
    piece.at = piece.word = piece.value = byte_of(text, element->place.line, element->place.column);
    piece.word_length = piece.value_length = piece.length;
    piece.closing = closing_of(text, piece.at);
    piece.closing += piece.closing > 0;
    try_piece(graph, &piece);
    for (size_t a = 0; a < element->attribute_count; a++) {
        const Attribute *attribute = &element->attributes[a];
        bool collected = strcmp(element->name, "collect") == 0 && !is_collect_word(attribute);
        piece = (Piece){.class = collected ? GIVEN : ATTRIBUTE,
                        .element = element,
                        .attribute = attribute,
                        .length = strlen(attribute->name)};
        piece.at = piece.word = piece.value =
            byte_of(text, attribute->place.line, attribute->place.column);
        piece.word_length = piece.value_length = piece.length;
        try_piece(graph, &piece);
        piece.value = attribute->raw;
        piece.value_length = (size_t)(strchr(text + attribute->raw, '"') - text) - attribute->raw;
        if (!is_free(&piece))
            try_value(graph, piece);
    }
    for (const Element *child = element->first; child; child = child->next)
        try_element(graph, child);
}

/* ---- The graphs and what they read --------------------------------------------------------- */

static const struct {
    const char *path, *checked, *overrides[3];
} graphs[] = {
    {"first.xml", NULL, {NULL}},
    {"nets/unet3d.xml", "first.xml", {NULL}},
    {"nets/unet2d.xml", "tcga-lgg.xml", {"data=data"}},
    {"feature-augmentation.xml", NULL, {NULL}},
    {"tcga-lgg.xml", NULL, {"data=data"}},
    {"paper-2d.xml", NULL, {"source=data/other/index.csv", "target=data/lgg/index.csv"}},
    {"controls/grade-table.xml",
     NULL,
     {"data=data",
      "arms=none weights focal adjusted posthoc threshold undersample oversample smote "
      "borderline adasyn smote_tomek smote_enn gaussian acgan acgan_judged "
      "acgan_dense acgan_new acgan_300 wgan_300"}},
    {"controls/cheng-type.xml",
     NULL,
     {"data=data", "arms=none weights focal adjusted threshold undersample oversample smote "
                   "gaussian acgan acgan_300 wgan_300"}},
    {"controls/permuted.xml", NULL, {NULL}},
    {"hippocampus.xml", NULL, {"data=data/hippocampus"}},
    {"brats-patches.xml", NULL, {"data=data"}},
    {"generators.xml", NULL, {NULL}},
    {"lgg-fold.xml",
     NULL,
     {"data=data", "arms=none weights focal adjusted threshold undersample oversample smote "
                   "gaussian acgan_300 wgan_300"}},
    {"nets/gan.xml", "generators.xml", {NULL}},
    {"nets/gan-steps.xml", "generators.xml", {NULL}},
    {"nets/residual-unet2d.xml", "residual-unet2d.xml", {NULL}},
    {"nets/residual-unet3d.xml", "residual-unet3d.xml", {NULL}},
    {"nets/meshnet.xml", "meshnet.xml", {NULL}},
    {"nets/classifier-vectors.xml", "generate-vectors.xml", {"pool=mean"}},
    {"nets/classifier-maps.xml", "generate-maps.xml", {NULL}},
    {"nets/acgan-vectors.xml", "generate-vectors.xml", {"pool=mean"}},
    {"nets/acgan-maps.xml", "generate-maps.xml", {NULL}},
};

/* Graphs that include the nets that no ready graph does: of tests/nets, where what stands between
 * two signs is to be replaced. */
static const struct {
    const char *path, *of, *words[3][2];
} makings[] = {
    {"residual-unet2d.xml",
     "segment.xml",
     {{"@NET@", "nets/residual-unet2d.xml"}, {"value=\"16\"", "value=\"1 32 32\""}}},
    {"residual-unet3d.xml",
     "segment.xml",
     {{"@NET@", "nets/residual-unet3d.xml"},
      {"value=\"16\"", "value=\"32\""},
      {"params=\"@PARAMS@\"", "classes=\"2\""}}},
    {"meshnet.xml", "meshnet.xml", {{"@NET@", "nets/meshnet.xml"}}},
    {"generate-vectors.xml",
     "generate.xml",
     {{"@ACGAN@", "nets/acgan-vectors.xml"}, {"@CLASSIFIER@", "nets/classifier-vectors.xml"}}},
    {"generate-maps.xml",
     "generate.xml",
     {{"@ACGAN@", "nets/acgan-maps.xml"}, {"@CLASSIFIER@", "nets/classifier-maps.xml"}}},
};

enum { GRAPHS = sizeof graphs / sizeof *graphs, WORKERS = 2 };

typedef struct {
    Count counts[WORKERS][GRAPHS][CLASSES];
} Board;

static char *graph_read(const char *folder, const char *path, size_t *length)
{
    FornixError error = {0};
    char *whole = file_join(folder, path), *text = file_read(whole, 1 << 22, length, &error);
    need(text != NULL, &error);
    mem_free(whole);
    return text;
}

static void write_graphs(const char *folder)
{
    FornixError error = {0};
    need(file_make_folders("nets", &error) && file_make_folders("controls", &error), &error);
    for (size_t i = 0; i < GRAPHS; i++) {
        size_t length;
        char *text = graph_read(folder, graphs[i].path, &length);
        need(file_write(graphs[i].path, text, length, &error), &error);
        mem_free(text);
    }
}

static char *replaced(char *text, const char *what, const char *with)
{
    char *at = strstr(text, what);
    Text out = {0};
    if (!at)
        return text;
    text_add_slice(&out, text, (size_t)(at - text));
    text_add(&out, with);
    text_add(&out, at + strlen(what));
    mem_free(text);
    return out.data;
}

static void write_makings(const char *folder)
{
    FornixError error = {0};
    for (size_t i = 0; i < sizeof makings / sizeof *makings; i++) {
        size_t length;
        char *text = graph_read(folder, makings[i].of, &length);
        for (int k = 0; k < 3 && makings[i].words[k][0]; k++)
            text = replaced(text, makings[i].words[k][0], makings[i].words[k][1]);
        text = replaced(text, " params=\"@PARAMS@\"", "");
        need(file_write(makings[i].path, text, strlen(text), &error), &error);
        mem_free(text);
    }
}

/* A graph without a typo is fine; then all of this worker's typos. */
static void try_graph(const char *folder, size_t which, int worker, Count *counts)
{
    Subject graph = {.path = graphs[which].path,
                     .checked = graphs[which].checked ? graphs[which].checked : graphs[which].path,
                     .counts = counts,
                     .turn = worker * share,
                     .step = WORKERS * share};
    while (graphs[which].overrides[graph.override_count]) {
        graph.overrides[graph.override_count] = graphs[which].overrides[graph.override_count];
        graph.override_count++;
    }
    Told told = check(&graph);
    if (told.errors) {
        printf("test-typos: a false alarm: %s:%d:%d: %s\n", told.file, told.line, told.column,
               told.message);
        exit(1);
    }
    Arena *arena = arena_new();
    Diag *diag = diag_new();
    char *text = graph_read(folder, graph.path, &graph.length);
    graph.text = text;
    graph.root = xml_parse(source_make(graph.path, text, arena), diag, arena);
    try_element(&graph, graph.root);
    text_write(graph.path, text, graph.length);
    mem_free(text);
    diag_free(diag);
    arena_free(arena);
}

/* ---- The whole ----------------------------------------------------------------------------- */

static void work(const char *sources, int worker, Board *board)
{
    FornixError error = {0};
    char folder[] = "/tmp/test-typos-XXXXXX";
    if (!mkdtemp(folder) || chdir(folder) != 0) {
        perror(folder);
        exit(1);
    }
    write_data();
    write_graphs(sources);
    char *templates = file_join(sources, "../tests/nets");
    write_makings(templates);
    mem_free(templates);
    for (size_t k = 0; k < GRAPHS; k++)
        try_graph(sources, k, worker, board->counts[worker][k]);
    need(chdir("/") == 0 && file_remove(folder, &error), &error);
    fflush(stdout);
}

static void count_add(Count *sum, const Count *more)
{
    const int *from = (const int *)more;
    int *to = (int *)sum;
    for (size_t k = 0; k < sizeof *sum / sizeof *to; k++)
        to[k] += from[k];
}

static void count_print(const char *name, const Count *c)
{
    printf("%-27s %6d %6d %6d %6d %6d %7d %5d %5d %6d\n", name, c->tried, c->found, c->placed,
           c->helped, c->alone, c->renamed, c->number, c->text, c->missed);
}

/* What is asked: all found; of names and words 99 of 100 told at their place (the rest are classes
 * and columns whose name is only compared with others far away), of all 95 with the right help. */
static int conclude(const Board *board)
{
    Count classes[CLASSES] = {{0}}, all = {0}, names = {0};
    printf("%-27s %6s %6s %6s %6s %6s %7s %5s %5s %6s\n", "", "tried", "found", "placed", "helped",
           "alone", "renamed", "valid", "text", "missed");
    for (int k = 0; k < GRAPHS; k++) {
        Count graph = {0};
        for (int worker = 0; worker < WORKERS; worker++)
            for (int c = 0; c < CLASSES; c++) {
                const Count *count = &board->counts[worker][k][c];
                count_add(&graph, count);
                count_add(&classes[c], count);
                count_add(&all, count);
                if (c <= WORD)
                    count_add(&names, count);
            }
        count_print(graphs[k].path, &graph);
    }
    for (int c = 0; c < CLASSES; c++)
        count_print(class_names[c], &classes[c]);
    count_print("all", &all);
    const bool passed[] = {all.tried > 0, all.missed == 0, names.placed >= 0.99 * names.found,
                           all.helped >= 0.95 * all.found};
    int failures = 0;
    for (size_t k = 0; k < sizeof passed / sizeof *passed; k++)
        failures += !passed[k];
    printf("of names and words: %.2f%% at their place, %.2f%% with the right help\n",
           100. * names.placed / names.found, 100. * names.helped / names.found);
    printf("of all: %.2f%% at their place, %.2f%% with the right help\n",
           100. * all.placed / all.found, 100. * all.helped / all.found);
    printf("%d%%: Checks: 4, Failures: %d, Errors: 0\n", 25 * (4 - failures), failures);
    return failures > 0;
}

int main(void)
{
    const char *srcdir = getenv("srcdir"), *every = getenv("TYPOS");
    char *top = realpath(srcdir ? srcdir : ".", NULL), *sources = file_join(top, "graphs");
    share = every ? atoi(every) : 97;
    shown = getenv("TYPOS_SHOW") != NULL;
    asked = getenv("TYPOS_AT");
    Board *board =
        mmap(NULL, sizeof *board, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (board == MAP_FAILED || share < 1) {
        fprintf(stderr, "test-typos: no memory, or TYPOS is no number\n");
        return 1;
    }
    for (int worker = 0; worker < WORKERS; worker++)
        if (fork() == 0) {
            work(sources, worker, board);
            _exit(0);
        }
    bool sound = true;
    for (int status, worker = 0; worker < WORKERS; worker++)
        sound = wait(&status) > 0 && status == 0 && sound;
    if (!sound)
        printf("test-typos: a worker broke\n");
    mem_free(sources);
    free(top);
    return conclude(board) || !sound;
}
