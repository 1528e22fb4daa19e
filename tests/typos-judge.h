/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a typo is, what is asked of `fornix check` then, and what may be misspelt without harm. */
#ifndef FORNIX_TESTS_TYPOS_JUDGE_H
#define FORNIX_TESTS_TYPOS_JUDGE_H

#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "experiment.h"
#include "xml.h"

/* ---- What may be misspelt without harm ---------------------------------------------------- */

/* Values that are the user's own words: nothing in a graph tells a right one from a wrong one. */
static const struct {
    const char *element, *attribute;
} free_texts[] = {
    {NULL, "doc"},          /* for readers */
    {NULL, "acknowledge"},  /* a sentence for the report */
    {"graph", "name"},      /* the run's folder */
    {"phantom", "cohort"},  /* stands before the subjects' names */
    {"generate", "cohort"}, /* likewise */
    {"compare", "over"},    /* a heading */
};

/* Names of columns and classes in branches that are not taken: no table is made there that has them
 * or lacks them. */
static const struct {
    const char *path, *element, *attribute;
} untold[] = {
    {"lgg-fold.xml", "subsample", "keep"},
    {"lgg-fold.xml", "subsample", "label"},
    {"controls/cheng-type.xml", "add", "label"},
    {"nets/gan.xml", "cross_entropy", "weight"},
    {"generators.xml", "include", "classes"},
};

/* ---- One typo ------------------------------------------------------------------------------ */

typedef enum {
    ELEMENT,   /* its name, at both of its ends */
    ATTRIBUTE, /* its name */
    GIVEN,     /* a name where it is given: id, param, loop variable, input of a net */
    WORD,      /* any other word of a value: a choice, a reference, a column, a param */
    NUMBER,
    SIGN, /* what stands between words and numbers */
    CLASSES
} Class;

static const char *const class_names[CLASSES] = {"elements", "attributes", "names given",
                                                 "words",    "numbers",    "signs"};

typedef enum { DROP, DOUBLE, SWAP, WAYS } Way;

static const char *const way_names[WAYS] = {"dropped", "doubled", "swapped"};

typedef struct {
    int tried, found, placed, helped, alone; /* helped: of all that were found */
    int same, number, text, renamed;         /* not found, and no mistakes */
    int missed, broken;
} Count;

typedef struct {
    Class class;
    size_t at, length;          /* bytes of the text */
    size_t word, word_length;   /* between blanks, of a value; else as above */
    size_t value, value_length; /* all of the value */
    size_t closing;             /* of an element's other name; 0: none */
    const Element *element;
    const Attribute *attribute;
} Piece;

typedef struct {
    const char *path, *checked; /* the file that is spoilt, and the graph that is checked */
    const char *overrides[3];
    size_t override_count;
    const char *text;
    size_t length;
    const Element *root;
    int turn, step; /* every step-th is tried */
    Count *counts;
} Subject;

typedef struct {
    int errors, line, column, length;
    char file[400], message[600], help[300];
} Told;

static int share = 1;
static bool shown;
static const char *asked; /* "FILE" or "FILE:LINE"; NULL: all */

static void judge_line(Told *told, const char *line)
{
    json_t *entry = json_loads(line, 0, NULL);
    const char *severity = json_string_value(json_object_get(entry, "severity"));
    if (severity && strcmp(severity, "error") == 0 && told->errors++ == 0) {
        const char *file = json_string_value(json_object_get(entry, "file"));
        const char *help = json_string_value(json_object_get(entry, "help"));
        snprintf(told->file, sizeof told->file, "%s", file ? file : "");
        snprintf(told->help, sizeof told->help, "%s", help ? help : "");
        snprintf(told->message, sizeof told->message, "%s",
                 json_string_value(json_object_get(entry, "message")));
        told->line = (int)json_integer_value(json_object_get(entry, "line"));
        told->column = (int)json_integer_value(json_object_get(entry, "column"));
        told->length = (int)json_integer_value(json_object_get(entry, "length"));
    }
    json_decref(entry);
}

static Told check(const Subject *graph)
{
    Told told = {0};
    char *text = NULL;
    size_t length = 0;
    FILE *out = open_memstream(&text, &length);
    Experiment *experiment =
        experiment_open(&(ExperimentRequest){.path = graph->checked,
                                             .overrides = graph->overrides,
                                             .override_count = graph->override_count});
    diag_print(experiment_diag(experiment), out, true);
    experiment_free(experiment);
    fclose(out);
    for (char *line = text, *end; (end = strchr(line, '\n')); line = end + 1) {
        *end = '\0';
        judge_line(&told, line);
    }
    free(text);
    return told;
}

/* ---- Judging ------------------------------------------------------------------------------- */

/* The byte of a place in the spoilt text; columns count characters. */
static size_t byte_of(const char *text, int line, int column)
{
    size_t at = 0;
    for (; line > 1 && text[at]; at++)
        line -= text[at] == '\n';
    for (; column > 1 && text[at]; column--)
        do
            at++;
        while (((unsigned char)text[at] & 0xC0) == 0x80);
    return at;
}

/* Whether the help asks for that text: all of it or a part of a reference ("seg/logits"), with the
 * number of a loop that follows it, or a file by its whole path. */
static bool quotes(const Told *told, const char *text, size_t length)
{
    static const char asks[] = "did you mean '", ends[] = "'/.[]";
    const char *said = told->help + strlen(asks), *path = memchr(text, '}', length);
    size_t said_length = strlen(said), tail = path ? length - (size_t)(path + 1 - text) : 0;
    if (strncmp(told->help, asks, strlen(asks)) != 0 || said_length < 2)
        return false;
    if (tail > 1 && *++path == '/')
        return said_length > tail + 2 && strncmp(said + said_length - 2 - tail, path, tail) == 0;
    for (const char *part = said; *part && length; part += strcspn(part, ends) + 1) {
        bool loop = strncmp(text + length, "${", 2) == 0;
        size_t digits =
            strncmp(part, text, length) == 0 && loop ? strspn(part + length, "0123456789") : 0;
        if (strncmp(part, text, length) == 0 && strchr(ends, part[length + digits]))
            return true;
        if (!part[strcspn(part, ends)])
            break;
    }
    return false;
}

/* Whether the mistake underlines what was spoilt, or what still has the right name of it. */
static bool is_placed(const Subject *graph, const Piece *piece, const char *spoilt, size_t typo,
                      const Told *told)
{
    char
        name[100]; /* of a name that was spoilt where it is given: whoever asks for the right one */
    snprintf(name, sizeof name, "'%.*s'", (int)piece->length, graph->text + piece->at);
    if (piece->class == GIVEN && strstr(told->message, name))
        return true;
    if (strcmp(told->file, graph->path) != 0 || told->line < 1)
        return false;
    size_t from = byte_of(spoilt, told->line, told->column), to = from + (size_t)told->length;
    size_t twin = typo + (spoilt[typo] == spoilt[typo + 1]); /* of two nobody knows which is new */
    if (from <= twin && typo <= to)
        return true;
    if (piece->class != GIVEN)
        return false;
    size_t more = strlen(spoilt) - graph->length; /* wraps; so does the sum */
    return memmem(spoilt + from, to - from, graph->text + piece->at, piece->length) ||
           memmem(spoilt + from, to - from, spoilt + piece->at, piece->length + more);
}

static bool is_helped(const Subject *graph, const Piece *piece, const char *spoilt,
                      const Told *told)
{
    const char *text = graph->text;
    size_t more = strlen(spoilt) - graph->length; /* wraps; so does the sum */
    return quotes(told, text + piece->at, piece->length) ||
           quotes(told, text + piece->word, piece->word_length) ||
           quotes(told, text + piece->value, piece->value_length) ||
           (piece->class == GIVEN &&
            (quotes(told, spoilt + piece->at, piece->length + more) ||
             quotes(told, spoilt + piece->word, piece->word_length + more)));
}

static bool is_untold(const Subject *graph, const Piece *piece)
{
    for (size_t i = 0; piece->attribute && i < sizeof untold / sizeof *untold; i++)
        if (strcmp(graph->path, untold[i].path) == 0 &&
            strcmp(piece->element->name, untold[i].element) == 0 &&
            strcmp(piece->attribute->name, untold[i].attribute) == 0)
            return true;
    return false;
}

static bool is_free(const Piece *piece)
{
    for (size_t i = 0; piece->attribute && i < sizeof free_texts / sizeof *free_texts; i++)
        if (strcmp(piece->attribute->name, free_texts[i].attribute) == 0 &&
            (!free_texts[i].element || strcmp(piece->element->name, free_texts[i].element) == 0))
            return true;
    return false;
}

/* Whether an attribute of these elements mentions the name as one would refer to it: `before` is
 * what may stand before it. */
static bool mentions(const Element *element, const Attribute *given, const char *name,
                     const char *before)
{
    for (size_t a = 0; a < element->attribute_count; a++) {
        const Attribute *attribute = &element->attributes[a];
        const char *value = attribute->value, *at = value;
        if (attribute == given || strcmp(attribute->name, "doc") == 0 ||
            strcmp(attribute->name, "id") == 0)
            continue;
        for (size_t length = strlen(name); (at = strstr(at, name)); at++)
            if (strchr(before, at == value ? ' ' : at[-1]) && !isalnum((unsigned char)at[length]) &&
                at[length] != '_' && at[length] != '-')
                return true;
    }
    for (const Element *child = element->first; child; child = child->next)
        if (mentions(child, given, name, before))
            return true;
    return false;
}

/* An id is referred to beside its element, in a net also from outside, in a validation by a
 * monitor; a column that is collected by nodes that go by its kind, so that is the user's word. */
static bool is_renamed(const Subject *graph, const Piece *piece)
{
    const Element *parent = piece->element->parent;
    char *name = strndup(graph->text + piece->at, piece->length);
    bool collected = strcmp(piece->element->name, "collect") == 0;
    bool in_net = parent && strcmp(parent->name, "net") == 0;
    bool watched = parent && strcmp(parent->name, "validate") == 0;
    const char *around = watched ? element_value(parent, "id") : NULL;
    char figure[128]; /* as a monitor names it */
    snprintf(figure, sizeof figure, "%s.%s", around ? around : "", name);
    bool again = parent && !collected &&
                 (mentions(parent, piece->attribute, name, " ") ||
                  (in_net && mentions(graph->root, piece->attribute, name, "/")) ||
                  (watched && mentions(parent->parent, piece->attribute, figure, " ")));
    free(name);
    return !again;
}

static void show(const Subject *graph, const Piece *piece, Way way, size_t typo, const char *why,
                 const Told *told)
{
    int line = 1;
    for (size_t at = 0; at < piece->at; at++)
        line += graph->text[at] == '\n';
    if (shown || strcmp(why, "missed") == 0)
        printf("%s:%d: %s: <%s> %s=\"%.*s\" '%c' of '%.*s' %s: %d:%d+%d %s (%s)\n", graph->path,
               line, why, piece->element->name, piece->attribute ? piece->attribute->name : "",
               (int)piece->value_length, graph->text + piece->value, graph->text[typo],
               (int)piece->length, graph->text + piece->at, way_names[way], told->line,
               told->column, told->length, told->message, told->help);
}

/* In "value:class" what stands behind the colon is the user's name for it. */
static bool is_class(const Subject *graph, const Piece *piece)
{
    return (piece->class == WORD && graph->text[piece->at - 1] == ':') ||
           (piece->class == SIGN && graph->text[piece->at] == ':'); /* "2::II" */
}

/* Blanks between words and around the signs of an expression, and signs that give another number.
 */
static bool is_layout(const Subject *graph, const Piece *piece, size_t typo)
{
    const char *text = graph->text;
    bool inside = memmem(text + piece->value, typo - piece->value + 2, "${", 2);
    const char *name = piece->attribute ? piece->attribute->name : "";
    bool path = strcmp(name, "href") == 0 || strcmp(name, "manifest") == 0 ||
                strcmp(name, "folder") == 0 || strcmp(name, "mask_folder") == 0;
    if (path && text[typo] == '/')
        return true; /* "a//b" is the file "a/b" */
    if (piece->class == SIGN && (isdigit((unsigned char)text[typo - 1]) || inside) &&
        strchr(".,-*^()", text[typo]))
        return true; /* another number, another result */
    if (piece->class == SIGN && text[typo] == '-' && isdigit((unsigned char)text[typo + 1]))
        return true; /* "-1" without its sign is a number too */
    if (strcmp(name, "every") == 0 && text[typo] == 's')
        return true; /* "100 step" and "100 steps" */
    return piece->class == SIGN && (isspace((unsigned char)graph->text[typo]) ||
                                    isspace((unsigned char)graph->text[typo + 1]));
}

/* "${r1}" without r is a number too. */
static bool is_now_number(const Piece *piece, const char *spoilt)
{
    size_t digits = strspn(spoilt + piece->at, "0123456789");
    return piece->class == WORD && digits && spoilt[piece->at + digits] == '}';
}

/* A param's value that became another of its words ("relu" without r): a user may mean either. */
static bool is_other_choice(const Subject *graph, const Piece *piece, const char *spoilt)
{
    size_t length = piece->word_length + strlen(spoilt) - graph->length; /* either may wrap */
    const char *of = piece->attribute && strcmp(piece->element->name, "param") == 0 &&
                             strcmp(piece->attribute->name, "value") == 0
                         ? element_value(piece->element, "of")
                         : NULL;
    for (const char *at = of; at && *at; at += strspn(at, " ")) {
        size_t own = strcspn(at, " ");
        if (own == length && strncmp(at, spoilt + piece->word, own) == 0)
            return true;
        at += own;
    }
    return false;
}

static void judge(Subject *graph, const Piece *piece, Way way, size_t typo, const char *spoilt)
{
    Count *count = &graph->counts[piece->class];
    Told told = check(graph);
    count->tried++;
    if (!told.errors) {
        if (is_free(piece) || is_class(graph, piece) ||
            (piece->class == WORD && is_untold(graph, piece)))
            count->text++;
        else if (piece->class == NUMBER || is_layout(graph, piece, typo) ||
                 is_now_number(piece, spoilt) || is_other_choice(graph, piece, spoilt))
            count->number++;
        else if (piece->class == GIVEN && is_renamed(graph, piece))
            count->renamed++;
        else {
            count->missed++;
            show(graph, piece, way, typo, "missed", &told);
        }
        return;
    }
    count->found++;
    bool placed = is_placed(graph, piece, spoilt, typo, &told);
    bool helped = is_helped(graph, piece, spoilt, &told);
    count->placed += placed;
    count->helped += helped;
    count->alone += told.errors == 1;
    if (!placed || !helped)
        show(graph, piece, way, typo, placed ? "no help" : "elsewhere", &told);
}

#endif
