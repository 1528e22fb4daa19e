/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The reader works in place: fields are unquoted inside the one copy of the text, and a NUL ends
 * each where its separator or closing quote stood. */
#include "csv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base.h"
#include "file.h"

static const int64_t bytes_most = (int64_t)1 << 30;
static const int64_t columns_most = 1 << 20;

struct Csv {
    char *name, *text;
    size_t mark;   /* bytes of its byte order mark */
    char **fields; /* the header's, then row by row */
    size_t count, capacity;
    int64_t *lines; /* of the header, then of every row */
    size_t line_count, line_capacity;
    int64_t columns;
};

typedef struct {
    Csv *csv;
    char *at, *end;
    int64_t line;
    FornixError *error;
} Parser;

typedef enum { COMMA, LINE_END, BROKEN } Ending;

static Ending broken(const Parser *parser, int64_t line, const char *what)
{
    fornix_fail_input(parser->error, "%s:%" PRId64 ": %s", parser->csv->name, line, what);
    return BROKEN;
}

/* Bytes of the line end at `at`: 0 where there is none. */
static int line_end(const Parser *parser, const char *at)
{
    if (at < parser->end && *at == '\n')
        return 1;
    return at + 1 < parser->end && at[0] == '\r' && at[1] == '\n' ? 2 : 0;
}

static bool at_separator(const Parser *parser)
{
    return parser->at == parser->end || *parser->at == ',' || line_end(parser, parser->at);
}

/* Passes over a quoted field, moving its text together; its length goes to *length. */
static bool unquote(Parser *parser, size_t *length)
{
    int64_t first = parser->line;
    char *start = parser->at, *to = start;
    while (++parser->at < parser->end) {
        if (*parser->at == '"' && (parser->at + 1 == parser->end || parser->at[1] != '"')) {
            parser->at++;
            *length = (size_t)(to - start);
            return at_separator(parser) ||
                   broken(parser, parser->line, "text behind a closing quote") != BROKEN;
        }
        if (*parser->at == '\n')
            parser->line++;
        if (*parser->at == '"')
            parser->at++;
        *to++ = *parser->at;
    }
    return broken(parser, first, "this quote is never closed") != BROKEN;
}

static Ending read_field(Parser *parser)
{
    Csv *csv = parser->csv;
    char *field = parser->at;
    size_t length;
    if (field < parser->end && *field == '"') {
        if (!unquote(parser, &length))
            return BROKEN;
    } else {
        for (; !at_separator(parser); parser->at++)
            if (*parser->at == '"')
                return broken(parser, parser->line, "a quote inside a field without quotes");
        length = (size_t)(parser->at - field);
    }
    if (csv->count == csv->capacity) {
        csv->capacity = csv->capacity ? 2 * csv->capacity : 256;
        csv->fields = mem_grow(csv->fields, csv->capacity, sizeof *csv->fields);
    }
    csv->fields[csv->count++] = field;
    /* The closing NUL may fall on the separator: that is passed over first. */
    Ending ending = parser->at < parser->end && *parser->at == ',' ? COMMA : LINE_END;
    parser->at += ending == COMMA ? 1 : line_end(parser, parser->at);
    field[length] = '\0';
    return ending;
}

static bool read_row(Parser *parser)
{
    Csv *csv = parser->csv;
    int64_t line = parser->line, fields = 0;
    Ending ending;
    do {
        ending = read_field(parser);
        fields++;
    } while (ending == COMMA && fields < columns_most);
    if (ending != LINE_END)
        return ending == COMMA ? broken(parser, line, "too many columns") != BROKEN : false;
    parser->line++;
    if (csv->line_count == csv->line_capacity) {
        csv->line_capacity = csv->line_capacity ? 2 * csv->line_capacity : 64;
        csv->lines = mem_grow(csv->lines, csv->line_capacity, sizeof *csv->lines);
    }
    csv->lines[csv->line_count++] = line;
    if (csv->line_count == 1)
        csv->columns = fields;
    if (fields != csv->columns)
        return fornix_fail_input(parser->error,
                                 "%s:%" PRId64 ": %" PRId64 " fields, but the header has %" PRId64,
                                 csv->name, line, fields, csv->columns);
    return true;
}

/* Bytes of the character that begins at `at` (one that `left` bytes hold), 0 where it is none. */
static size_t character(const unsigned char *at, size_t left)
{
    if (at[0] < 0x80)
        return at[0] != 0;
    size_t length = at[0] >= 0xF0 ? 4 : at[0] >= 0xE0 ? 3 : 2;
    if (at[0] < 0xC2 || at[0] > 0xF4 || length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if (at[i] >> 6 != 2)
            return 0;
    bool overlong = (at[0] == 0xE0 && at[1] < 0xA0) || (at[0] == 0xF0 && at[1] < 0x90);
    bool outside = (at[0] == 0xED && at[1] > 0x9F) || (at[0] == 0xF4 && at[1] > 0x8F);
    return overlong || outside ? 0 : length;
}

static bool check_characters(const Parser *parser)
{
    int64_t line = 1;
    for (const char *at = parser->at; at < parser->end;) {
        size_t length = character((const unsigned char *)at, (size_t)(parser->end - at));
        if (!length)
            return broken(parser, line, "not UTF-8 text") != BROKEN;
        line += *at == '\n';
        at += length;
    }
    return true;
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool check_header(const Parser *parser)
{
    const Csv *csv = parser->csv;
    if (!csv->line_count)
        return fornix_fail_input(parser->error, "%s: empty: its first line should name columns",
                                 csv->name);
    size_t count = (size_t)csv->columns;
    char **sorted = mem_new(count, sizeof *sorted);
    memcpy(sorted, csv->fields, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, by_bytes);
    const char *twice = NULL;
    for (size_t i = 1; i < count && !twice; i++)
        if (*sorted[i] && strcmp(sorted[i - 1], sorted[i]) == 0)
            twice = sorted[i];
    mem_free(sorted);
    return !twice || fornix_fail_input(parser->error, "%s:%" PRId64 ": two columns are named '%s'",
                                       csv->name, csv->lines[0], twice);
}

/* Takes over text, which has a NUL behind its length bytes. */
static Csv *parse(const char *name, char *text, size_t length, FornixError *error)
{
    Csv *csv = mem_new(1, sizeof *csv);
    csv->name = mem_text(name);
    csv->text = text;
    Parser parser = {csv, text, text + length, 1, error};
    if (length >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0)
        parser.at += csv->mark = 3;
    bool ok = check_characters(&parser);
    while (ok && parser.at < parser.end) {
        int empty = line_end(&parser, parser.at);
        parser.at += empty;
        parser.line += empty > 0;
        if (!empty)
            ok = read_row(&parser);
    }
    if (ok && check_header(&parser))
        return csv;
    csv_free(csv);
    return NULL;
}

Csv *csv_parse(const char *name, const char *text, size_t length, FornixError *error)
{
    char *copy = mem_new(length + 1, 1);
    memcpy(copy, text, length);
    return parse(name, copy, length, error);
}

Csv *csv_read(const char *path, FornixError *error)
{
    size_t length;
    char *text = file_read(path, bytes_most, &length, error);
    return text ? parse(path, text, length, error) : NULL;
}

void csv_free(Csv *csv)
{
    if (!csv)
        return;
    mem_free(csv->name);
    mem_free(csv->text);
    mem_free(csv->fields);
    mem_free(csv->lines);
    mem_free(csv);
}

const char *csv_name(const Csv *csv)
{
    return csv->name;
}

int64_t csv_rows(const Csv *csv)
{
    return (int64_t)csv->line_count - 1;
}

int64_t csv_columns(const Csv *csv)
{
    return csv->columns;
}

const char *csv_header(const Csv *csv, int64_t column)
{
    return csv->fields[column];
}

const char *csv_field(const Csv *csv, int64_t row, int64_t column)
{
    return csv->fields[(row + 1) * csv->columns + column];
}

int64_t csv_line(const Csv *csv, int64_t row)
{
    return csv->lines[row + 1];
}

size_t csv_offset(const Csv *csv, int64_t row, int64_t column)
{
    return (size_t)(csv_field(csv, row, column) - csv->text) - csv->mark;
}

int64_t csv_find(const Csv *csv, const char *column)
{
    for (int64_t i = 0; i < csv->columns; i++)
        if (strcmp(csv->fields[i], column) == 0)
            return i;
    return -1;
}

int64_t csv_column(const Csv *csv, const char *column, FornixError *error)
{
    int64_t found = csv_find(csv, column);
    if (found >= 0)
        return found;
    const char *near = text_suggest(column, (const char *const *)csv->fields, (size_t)csv->columns);
    if (near) {
        fornix_fail_input(error, "%s: no column '%s'; did you mean '%s'?", csv->name, column, near);
        return -1;
    }
    Text names = {0};
    for (int64_t i = 0; i < csv->columns && names.length < 400; i++)
        text_format(&names, "%s'%s'", i ? ", " : "", csv->fields[i]);
    fornix_fail_input(error, "%s: no column '%s': it has %s", csv->name, column,
                      text_value(&names));
    text_free(&names);
    return -1;
}

bool csv_real(const Csv *csv, int64_t row, int64_t column, double *value, FornixError *error)
{
    const char *field = csv_field(csv, row, column);
    return text_to_real(field, value) ||
           fornix_fail_input(error, "%s:%" PRId64 ": column '%s': '%s' is not a number", csv->name,
                             csv_line(csv, row), csv_header(csv, column), field);
}

void csv_add_row(Text *text, const char *const *fields, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i)
            text_add(text, ",");
        /* A lone empty field would be an empty line, which readers skip. */
        if (!strpbrk(fields[i], ",\"\r\n") && (*fields[i] || count > 1)) {
            text_add(text, fields[i]);
            continue;
        }
        text_add(text, "\"");
        for (const char *at = fields[i]; *at; at++)
            text_add_slice(text, *at == '"' ? "\"\"" : at, *at == '"' ? 2 : 1);
        text_add(text, "\"");
    }
    text_add(text, "\r\n");
}
