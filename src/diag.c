/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The user's mistakes, collected with their places and shown together.
 *
 * Messages quote what the user wrote, so they are cleaned when they are recorded: control
 * characters become blanks (a terminal must not act on them) and length is bounded. The order of
 * printing is that of the sources' first mention, then of lines: a stable sort keeps what several
 * modules found at one place in the order in which they found it.
 */
#include "diag.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "arena.h"
#include "base.h"
#include "text.h"

/* What one mistake repeated in a large file can cost; the rest is counted. */
enum { MOST_ENTRIES = 200, LONGEST_MESSAGE = 2000, WINDOW = 160, LEAD = 60 };

typedef struct {
    Place place;
    char *message, *help;
    bool warning;
    size_t source, order;
} Entry;

struct Diag {
    pthread_mutex_t lock; /* of all but errors: stages are planned side by side */
    atomic_size_t errors;
    Entry *entries;
    size_t count;
    Arena *arena;           /* of the sources */
    const Source **sources; /* copies, in order of first mention */
    size_t source_count;
};

Diag *diag_new(void)
{
    Diag *diag = mem_new(1, sizeof *diag);
    pthread_mutex_init(&diag->lock, NULL);
    diag->arena = arena_new();
    return diag;
}

void diag_free(Diag *diag)
{
    if (!diag)
        return;
    for (size_t i = 0; i < diag->count; i++) {
        mem_free(diag->entries[i].message);
        mem_free(diag->entries[i].help);
    }
    mem_free(diag->entries);
    mem_free(diag->sources);
    arena_free(diag->arena);
    pthread_mutex_destroy(&diag->lock);
    mem_free(diag);
}

static bool continues(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

static void clean(char *text)
{
    for (char *at = text; *at; at++)
        if ((unsigned char)*at < ' ' || *at == 0x7F)
            *at = ' ';
    if (strlen(text) > LONGEST_MESSAGE) {
        size_t end = LONGEST_MESSAGE;
        while (end && continues(text[end]))
            end--;
        memcpy(text + end, "...", 4);
    }
}

static char *message_format(const char *format, va_list values)
{
    va_list again;
    va_copy(again, values);
    int length = vsnprintf(NULL, 0, format, again);
    va_end(again);
    size_t size = (length > 0 ? (size_t)length : 0) + 4;
    char *message = mem_new(size, 1);
    vsnprintf(message, size, format, values);
    clean(message);
    return message;
}

static bool same_source(const Source *a, const Source *b)
{
    if (!a || !b)
        return a == b;
    return strcmp(a->name, b->name) == 0 && a->length == b->length && !a->text == !b->text &&
           (!a->text || memcmp(a->text, b->text, a->length) == 0);
}

static const Source *source_copy(const Source *source, Arena *arena)
{
    if (!source)
        return NULL;
    Source *copy = arena_take(arena, 1, sizeof *copy);
    *copy = *source;
    copy->name = arena_text(arena, source->name);
    if (source->text)
        copy->text = arena_slice(arena, source->text, source->length);
    return copy;
}

static size_t source_order(Diag *diag, const Source *source)
{
    size_t i = 0;
    while (i < diag->source_count && !same_source(diag->sources[i], source))
        i++;
    if (i == diag->source_count) {
        diag->sources = mem_grow(diag->sources, i + 1, sizeof *diag->sources);
        diag->sources[diag->source_count++] = source_copy(source, diag->arena);
    }
    return i;
}

static const Trail *trail_copy(Diag *diag, const Trail *trail)
{
    if (!trail)
        return NULL;
    Trail *copy = arena_take(diag->arena, 1, sizeof *copy);
    copy->why = arena_text(diag->arena, trail->why);
    copy->place = trail->place;
    size_t source = source_order(diag, trail->place.source); /* may move the list */
    copy->place.source = diag->sources[source];
    copy->place.trail = trail_copy(diag, trail->place.trail);
    return copy;
}

static bool same(const Entry *a, const Entry *b)
{
    return a->source == b->source && a->place.line == b->place.line &&
           a->place.column == b->place.column && a->warning == b->warning &&
           strcmp(a->message, b->message) == 0;
}

/* What a node or a reader of files asks at the end of its message stands behind the caret. */
static const char *split_help(char *message)
{
    static const char asks[] = "; did you mean '";
    char *at = strstr(message, asks);
    if (!at || strcmp(at + strlen(at) - 2, "'?") != 0)
        return NULL;
    *at = '\0';
    return at + 2;
}

static void add_entry(Diag *diag, Entry entry, const char *help)
{
    if (!help)
        help = split_help(entry.message);
    entry.source = source_order(diag, entry.place.source);
    entry.place.source = diag->sources[entry.source];
    for (size_t i = 0; i < diag->count; i++)
        if (same(&diag->entries[i], &entry)) {
            mem_free(entry.message);
            return;
        }
    diag->errors += !entry.warning;
    if (diag->count == MOST_ENTRIES) {
        mem_free(entry.message);
        return;
    }
    entry.place.trail = trail_copy(diag, entry.place.trail);
    entry.help = mem_text(help);
    if (entry.help) {
        entry.help = mem_grow(entry.help, strlen(entry.help) + 4, 1);
        clean(entry.help);
    }
    entry.order = diag->count;
    diag->entries = mem_grow(diag->entries, diag->count + 1, sizeof entry);
    diag->entries[diag->count++] = entry;
}

/* Takes over the entry's message. */
static void record(Diag *diag, Entry entry, const char *help)
{
    pthread_mutex_lock(&diag->lock);
    add_entry(diag, entry, help);
    pthread_mutex_unlock(&diag->lock);
}

void diag_error(Diag *diag, Place place, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    record(diag, (Entry){.place = place, .message = message_format(format, values)}, NULL);
    va_end(values);
}

void diag_error_help(Diag *diag, Place place, const char *help, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    record(diag, (Entry){.place = place, .message = message_format(format, values)}, help);
    va_end(values);
}

void diag_warn(Diag *diag, Place place, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    Entry entry = {.place = place, .message = message_format(format, values), .warning = true};
    record(diag, entry, NULL);
    va_end(values);
}

bool diag_elsewhere(const Diag *diag, const Source *source)
{
    for (size_t i = 0; i < diag->count; i++)
        if (!diag->entries[i].warning && !same_source(diag->entries[i].place.source, source))
            return true;
    return false;
}

void diag_join(Diag *diag, const Diag *more)
{
    for (size_t i = 0; i < more->count; i++) {
        Entry entry = more->entries[i];
        if (entry.warning)
            continue;
        entry.message = mem_text(entry.message);
        record(diag, entry, entry.help);
    }
}

size_t diag_errors(const Diag *diag)
{
    return atomic_load(&diag->errors);
}

static int entry_order(const void *left, const void *right)
{
    const Entry *a = left, *b = right;
    if (a->source != b->source)
        return a->source < b->source ? -1 : 1;
    if (a->place.line != b->place.line)
        return a->place.line < b->place.line ? -1 : 1;
    if (a->place.column != b->place.column)
        return a->place.column < b->place.column ? -1 : 1;
    return a->order < b->order ? -1 : 1;
}

/* The line's bytes; NULL when the source has no such line. */
static const char *source_line(const Source *source, int line, size_t *length)
{
    if (!source->text || line < 1)
        return NULL;
    const char *at = source->text, *end = source->text + source->length;
    for (; line > 1; line--) {
        const char *feed = memchr(at, '\n', (size_t)(end - at));
        if (!feed)
            return NULL;
        at = feed + 1;
    }
    const char *feed = memchr(at, '\n', (size_t)(end - at));
    const char *stop = feed ? feed : end;
    if (stop > at && stop[-1] == '\r')
        stop--;
    *length = (size_t)(stop - at);
    return at;
}

/* Where the next character begins. */
static size_t step(const char *line, size_t at, size_t length)
{
    do
        at++;
    while (at < length && continues(line[at]));
    return at;
}

/* The line, or the part of it around the place, and a caret below. */
static void print_excerpt(FILE *out, const Place *place, const char *help)
{
    size_t length;
    const char *line = source_line(place->source, place->line, &length);
    if (!line) {
        if (help)
            fprintf(out, "      | %s\n", help);
        return;
    }
    int skip = place->column > WINDOW - LEAD ? place->column - LEAD : 1;
    size_t at = 0;
    int column = 1;
    for (; column < skip && at < length; column++)
        at = step(line, at, length);
    Text shown = {0}, marks = {0};
    if (column > 1) {
        text_add(&shown, "...");
        text_add(&marks, "   ");
    }
    for (int end = column + WINDOW; at < length && column < end; column++) {
        size_t next = step(line, at, length);
        bool control = (unsigned char)line[at] < ' ' || line[at] == 0x7F;
        bool tab = line[at] == '\t';
        if (control && !tab)
            text_add(&shown, "?");
        else
            text_add_slice(&shown, line + at, next - at);
        if (column < place->column)
            text_add(&marks, tab ? "\t" : " ");
        else if (column > place->column && column - place->column < place->length)
            text_add(&marks, "~");
        else if (column == place->column)
            text_add(&marks, "^");
        at = next;
    }
    if (column <= place->column) /* the place is the line's end */
        text_add(&marks, "^");
    fprintf(out, "%5d | %s%s\n", place->line, text_value(&shown), at < length ? "..." : "");
    fprintf(out, "      | %s%s%s\n", text_value(&marks), help ? " " : "", help ? help : "");
    text_free(&shown);
    text_free(&marks);
}

static void print_message(FILE *out, const Place *place, const char *severity, const char *message,
                          const char *help)
{
    bool excerpt = place->source && place->line > 0;
    if (excerpt)
        fprintf(out, "%s:%d:%d: ", place->source->name, place->line, place->column);
    else
        fprintf(out, "%s: ", place->source ? place->source->name : "fornix");
    fprintf(out, "%s: %s", severity, message);
    if (help && !excerpt)
        fprintf(out, " (%s)", help);
    putc('\n', out);
    if (excerpt)
        print_excerpt(out, place, help);
}

static void print_text(FILE *out, const Entry *entry)
{
    print_message(out, &entry->place, entry->warning ? "warning" : "error", entry->message,
                  entry->help);
    for (const Trail *trail = entry->place.trail; trail; trail = trail->place.trail)
        print_message(out, &trail->place, "note", trail->why, NULL);
}

static void print_quoted(FILE *out, const char *text)
{
    putc('"', out);
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        if (byte == '"' || byte == '\\')
            fprintf(out, "\\%c", byte);
        else if (byte < ' ')
            fprintf(out, "\\u%04x", (unsigned)byte);
        else
            putc(byte, out);
    }
    putc('"', out);
}

static void print_json_place(FILE *out, const Place *place)
{
    if (!place->source)
        return;
    fputs("\"file\": ", out);
    print_quoted(out, place->source->name);
    fprintf(out, ", \"line\": %d, \"column\": %d, \"length\": %d, ", place->line, place->column,
            place->length);
}

static void print_json(FILE *out, const Entry *entry)
{
    fprintf(out, "{\"severity\": \"%s\", ", entry->warning ? "warning" : "error");
    print_json_place(out, &entry->place);
    fputs("\"message\": ", out);
    print_quoted(out, entry->message);
    if (entry->help) {
        fputs(", \"help\": ", out);
        print_quoted(out, entry->help);
    }
    const Trail *trail = entry->place.trail;
    for (const char *between = ", \"notes\": [{"; trail; trail = trail->place.trail) {
        fputs(between, out);
        print_json_place(out, &trail->place);
        fputs("\"message\": ", out);
        print_quoted(out, trail->why);
        between = "}, {";
    }
    fputs(entry->place.trail ? "}]}\n" : "}\n", out);
}

void diag_print(const Diag *diag, FILE *out, bool json)
{
    if (!diag->count)
        return;
    Entry *sorted = mem_new(diag->count, sizeof *sorted);
    memcpy(sorted, diag->entries, diag->count * sizeof *sorted);
    qsort(sorted, diag->count, sizeof *sorted, entry_order);
    for (size_t i = 0; i < diag->count; i++)
        if (json)
            print_json(out, &sorted[i]);
        else
            print_text(out, &sorted[i]);
    mem_free(sorted);
    size_t errors = diag_errors(diag);
    if (errors && !json)
        fprintf(out, "%zu error%s\n", errors, errors == 1 ? "" : "s");
}
