/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "attr.h"

#include <math.h>
#include <string.h>

#include "base.h"
#include "source.h"

static const char *const common[] = {"id", "if", "acknowledge", "doc", "part"};

static size_t common_count(const FornixNode *node)
{
    bool judges = node->samples && (node->samples->flags & FORNIX_EVALUATES);
    return COUNT(common) - (judges ? 0 : 1);
}

bool attr_common(const FornixNode *node, const char *name)
{
    for (size_t i = 0; i < common_count(node); i++)
        if (strcmp(common[i], name) == 0)
            return true;
    return false;
}

/* What reading one value needs beside its text. */
typedef struct {
    const FornixAttr *attr;
    const char *text;
    const char *file; /* in which the text stands; NULL: none */
    const AttrResolver *resolver;
    Arena *arena;
    FornixError *error;
    bool misnamed; /* an attribute of the element is unknown, which was told */
} Reading;

static const struct {
    const char *name;
    size_t size;
} kinds[] = {
    [FORNIX_ATTR_INT] = {"whole number", sizeof(int64_t)},
    [FORNIX_ATTR_REAL] = {"number", sizeof(double)},
    [FORNIX_ATTR_BOOL] = {"yes or no", sizeof(bool)},
    [FORNIX_ATTR_CHOICE] = {"choice", sizeof(int)},
    [FORNIX_ATTR_DIMS] = {"one to three sizes", sizeof(FornixDims)},
    [FORNIX_ATTR_TEXT] = {"text", sizeof(const char *)},
    [FORNIX_ATTR_PATH] = {"path", sizeof(const char *)},
    [FORNIX_ATTR_LIST] = {"words", sizeof(FornixList)},
    [FORNIX_ATTR_CLASSES] = {"number of classes or label column", sizeof(FornixClasses)},
    [FORNIX_ATTR_LIKE] = {"table.column", sizeof(FornixLike)},
};

static bool kind_known(FornixAttrKind kind)
{
    return (size_t)kind < COUNT(kinds);
}

const char *attr_kind_name(FornixAttrKind kind)
{
    return kind_known(kind) ? kinds[kind].name : "unknown";
}

static bool kind_ranged(FornixAttrKind kind)
{
    return kind == FORNIX_ATTR_INT || kind == FORNIX_ATTR_REAL || kind == FORNIX_ATTR_DIMS ||
           kind == FORNIX_ATTR_CLASSES;
}

/* 180, not 1.8e+02. */
static void add_bound(Text *out, double bound)
{
    if (fabs(bound) < 1e15 && trunc(bound) == bound)
        text_format(out, "%lld", (long long)bound);
    else
        text_add_real(out, bound);
}

void attr_range(const FornixAttr *attr, Text *out)
{
    /* Bounds of a size of int64_t say no more than its type does. */
    bool low = kind_ranged(attr->kind) && attr->low > -9e18;
    bool high = kind_ranged(attr->kind) && attr->high < 9e18;
    if (low && !high)
        text_add(out, "at least ");
    if (low)
        add_bound(out, attr->low);
    if (high)
        text_add(out, low ? " to " : "at most ");
    if (high)
        add_bound(out, attr->high);
}

/* ---- Reading a value -------------------------------------------------------------------- */

static bool value_fail(const Reading *reading, const char *what)
{
    return fornix_fail_input(reading->error, "%s is '%s', %s", reading->attr->name, reading->text,
                             what);
}

static bool value_in_range(const Reading *reading, double value)
{
    const FornixAttr *attr = reading->attr;
    if (value >= attr->low && value <= attr->high)
        return true;
    Text range = {0};
    text_add(&range, "not ");
    attr_range(attr, &range);
    value_fail(reading, text_value(&range));
    text_free(&range);
    return false;
}

static bool read_int(const Reading *reading, int64_t *value)
{
    if (!text_to_int(reading->text, value))
        return value_fail(reading, "not a whole number");
    return value_in_range(reading, (double)*value);
}

static bool read_real(const Reading *reading, double *value)
{
    if (!text_to_real(reading->text, value))
        return value_fail(reading, "not a number");
    return value_in_range(reading, *value);
}

static bool read_bool(const Reading *reading, bool *value)
{
    static const char *const words[] = {"no", "yes", "false", "true", "0", "1"};
    for (size_t i = 0; i < COUNT(words); i++) {
        *value = i % 2 != 0;
        if (strcmp(reading->text, words[i]) == 0)
            return true;
    }
    return value_fail(reading, "neither yes nor no");
}

static size_t choice_count(const char *const *choices)
{
    size_t count = 0;
    while (choices && choices[count])
        count++;
    return count;
}

static bool read_choice(const Reading *reading, int *value)
{
    const char *const *choices = reading->attr->choices;
    size_t count = choice_count(choices);
    for (size_t i = 0; i < count; i++) {
        *value = (int)i;
        if (strcmp(reading->text, choices[i]) == 0)
            return true;
    }
    Text message = {0};
    text_add(&message, "not one of: ");
    for (size_t i = 0; i < count; i++)
        text_format(&message, "%s%s", i ? ", " : "", choices[i]);
    value_fail(reading, text_value(&message));
    text_free(&message);
    return false;
}

static bool read_dims(const Reading *reading, FornixDims *value)
{
    size_t count;
    char **words = text_split(reading->text, &count);
    bool good = true;
    int64_t sizes[3];
    for (size_t i = 0; i < count && i < COUNT(sizes) && good; i++)
        good = text_to_int(words[i], &sizes[i]) || value_fail(reading, "not one to three sizes");
    for (size_t i = 0; i < count && i < COUNT(sizes) && good; i++)
        good = value_in_range(reading, (double)sizes[i]);
    text_split_free(words);
    if (good && (count == 0 || count > COUNT(sizes)))
        good = value_fail(reading, "not one to three sizes");
    if (!good)
        return false;
    *value = (FornixDims){.size = {1, 1, 1}, .count = (int)count};
    for (size_t i = 0; i < COUNT(sizes); i++) {
        if (count == 1)
            value->size[i] = sizes[0];
        else if (i + count >= COUNT(sizes))
            value->size[i] = sizes[i + count - COUNT(sizes)];
    }
    return true;
}

static bool read_list(const Reading *reading, FornixList *value)
{
    size_t count;
    char **words = text_split(reading->text, &count);
    const char **items = arena_take(reading->arena, count + 1, sizeof(char *));
    for (size_t i = 0; i < count; i++)
        items[i] = arena_text(reading->arena, words[i]);
    text_split_free(words);
    *value = (FornixList){.items = items, .count = (int64_t)count};
    return count > 0 || value_fail(reading, "without a word");
}

static bool read_path(const Reading *reading, const char **value)
{
    if (!*reading->text)
        return value_fail(reading, "not a path");
    const char *path = reading->text;
    if (reading->file)
        path = path_beside(reading->file, path, reading->arena);
    *value = path_absolute(path, reading->arena);
    return true;
}

static bool read_classes(const Reading *reading, FornixClasses *value)
{
    if (text_to_int(reading->text, &value->count))
        return value_in_range(reading, (double)value->count);
    if (!reading->resolver || !reading->resolver->classes)
        return value_fail(reading, "not a number of classes");
    if (!reading->resolver->classes(reading->resolver->context, reading->text, value,
                                    reading->error))
        return false;
    value->label = arena_text(reading->arena, reading->text);
    return true;
}

static bool read_like(const Reading *reading, FornixLike *value)
{
    if (!reading->resolver || !reading->resolver->like)
        return value_fail(reading, "but there are no tables here");
    return reading->resolver->like(reading->resolver->context, reading->text, value,
                                   reading->error);
}

/* field keeps its zeros where the default is empty and nothing else was said: node.h states what
 * that means for each kind. */
static bool value_read(const Reading *reading, void *field)
{
    const FornixAttr *attr = reading->attr;
    bool empty = !*reading->text && attr->fallback && !*attr->fallback;
    if (empty && (attr->kind == FORNIX_ATTR_LIST || attr->kind == FORNIX_ATTR_DIMS ||
                  attr->kind == FORNIX_ATTR_CLASSES || attr->kind == FORNIX_ATTR_LIKE))
        return true;
    if (attr->kind == FORNIX_ATTR_TEXT || (empty && attr->kind == FORNIX_ATTR_PATH)) {
        *(const char **)field = arena_text(reading->arena, reading->text);
        return true;
    }
    switch (attr->kind) {
    case FORNIX_ATTR_INT: return read_int(reading, field);
    case FORNIX_ATTR_REAL: return read_real(reading, field);
    case FORNIX_ATTR_BOOL: return read_bool(reading, field);
    case FORNIX_ATTR_CHOICE: return read_choice(reading, field);
    case FORNIX_ATTR_DIMS: return read_dims(reading, field);
    case FORNIX_ATTR_PATH: return read_path(reading, field);
    case FORNIX_ATTR_LIST: return read_list(reading, field);
    case FORNIX_ATTR_CLASSES: return read_classes(reading, field);
    default: return read_like(reading, field);
    }
}

bool attr_check(const FornixAttr *attr, size_t attrs_size, FornixError *error)
{
    if (!kind_known(attr->kind))
        return fornix_fail(error, "attribute '%s' has no known kind", attr->name);
    if (attr->offset > attrs_size || kinds[attr->kind].size > attrs_size - attr->offset)
        return fornix_fail(error, "attribute '%s' lies outside of the node's struct", attr->name);
    if (!attr->doc || !*attr->doc)
        return fornix_fail(error, "attribute '%s' has no doc", attr->name);
    if (attr->kind == FORNIX_ATTR_CHOICE && choice_count(attr->choices) == 0)
        return fornix_fail(error, "attribute '%s' has no choices", attr->name);
    if (kind_ranged(attr->kind) && !(attr->low <= attr->high))
        return fornix_fail(error, "attribute '%s' has an empty range", attr->name);
    /* Columns are known to graphs alone: a default can name one only in vain. */
    if (!attr->fallback)
        return true;
    Arena *arena = arena_new();
    FornixError reason = {0};
    bool good = value_read(
        &(Reading){.attr = attr, .text = attr->fallback, .arena = arena, .error = &reason},
        arena_take(arena, 1, kinds[attr->kind].size));
    arena_free(arena);
    return good || fornix_fail(error, "the default of an attribute is wrong: %s", reason.text);
}

/* ---- Reading all of a node -------------------------------------------------------------- */

static const FornixAttr *table_find(const FornixNode *node, const char *name)
{
    for (const FornixAttr *attr = node->attrs; attr && attr->name; attr++)
        if (strcmp(attr->name, name) == 0)
            return attr;
    return NULL;
}

static bool has_port(const FornixPort *port, const char *name)
{
    for (; port && port->name; port++)
        if (strcmp(port->name, name) == 0)
            return true;
    return false;
}

/* Names an element in an error: conv 'c1'. */
static void add_who(Text *out, const Element *element)
{
    const char *id = element_value(element, "id");
    text_add(out, element->name);
    if (id)
        text_format(out, " '%s'", id);
}

static void tell(const Element *element, Diag *diag, Place place, const char *help,
                 const char *what)
{
    Text message = {0};
    add_who(&message, element);
    diag_error_help(diag, place, help, "%s: %s", text_value(&message), what);
    text_free(&message);
}

static void tell_unknown(const FornixNode *node, const Element *element, const Attribute *given,
                         Diag *diag)
{
    enum { ROOM = 256 };
    const char *names[ROOM + COUNT(common)];
    size_t own = 0;
    for (const FornixPort *port = node->inputs; port && port->name && own < ROOM; port++)
        names[own++] = port->name;
    for (const FornixAttr *attr = node->attrs; attr && attr->name && own < ROOM; attr++)
        names[own++] = attr->name;
    memcpy(names + own, common, common_count(node) * sizeof *common);
    const char *near = text_suggest(given->name, names, own + common_count(node));
    Text help = {0}, what = {0};
    if (near)
        text_format(&help, "did you mean '%s'?", near);
    else
        text_add(&help, own ? "it has" : "it has none of its own");
    for (size_t i = 0; i < own && !near; i++)
        text_format(&help, "%s%s", i ? ", " : " ", names[i]);
    text_format(&what, "no attribute '%s'", given->name);
    tell(element, diag, given->place, text_value(&help), text_value(&what));
    text_free(&help);
    text_free(&what);
}

static bool check_names(const FornixNode *node, const Element *element, Diag *diag)
{
    bool good = true;
    for (size_t i = 0; i < element->attribute_count; i++) {
        const Attribute *given = &element->attributes[i];
        if (table_find(node, given->name) || has_port(node->inputs, given->name) ||
            attr_common(node, given->name))
            continue;
        tell_unknown(node, element, given, diag);
        good = false;
    }
    return good;
}

static void tell_wrong(const Reading *reading, const Element *element, Place place, Diag *diag)
{
    const FornixAttr *attr = reading->attr;
    const char *near = attr->kind == FORNIX_ATTR_CHOICE
                           ? text_suggest(reading->text, attr->choices, choice_count(attr->choices))
                           : NULL;
    Text help = {0};
    if (near)
        text_format(&help, "did you mean '%s'?", near);
    tell(element, diag, place, help.data, reading->error->text);
    text_free(&help);
}

static bool fill_one(const FornixAttr *attr, const Element *element, Reading reading, Diag *diag,
                     void *field)
{
    const Attribute *given = element_attribute(element, attr->name);
    Place place = given ? given->value_place : element->place;
    FornixError error = {0};
    if (!given && !attr->fallback && reading.misnamed)
        return false; /* most likely what was named wrong */
    if (!given && !attr->fallback) {
        Text what = {0};
        text_format(&what, "'%s' is missing (%s)", attr->name, attr->doc);
        tell(element, diag, place, NULL, text_value(&what));
        text_free(&what);
        return false;
    }
    reading.attr = attr;
    reading.text = given ? given->value : attr->fallback;
    reading.file = place.source ? place.source->name : NULL;
    reading.error = &error;
    if (value_read(&reading, field))
        return true;
    if (*error.text)
        tell_wrong(&reading, element, place, diag);
    return false;
}

void *attr_read(const FornixNode *node, const Element *element, const AttrResolver *resolver,
                Diag *diag, Arena *arena)
{
    char *values = arena_take(arena, 1, node->attrs_size + 1);
    bool named = check_names(node, element, diag), good = named;
    for (const FornixAttr *attr = node->attrs; attr && attr->name; attr++)
        good = fill_one(attr, element,
                        (Reading){.resolver = resolver, .arena = arena, .misnamed = !named}, diag,
                        values + attr->offset) &&
               good;
    return good ? values : NULL;
}

/* ---- The canonical text ----------------------------------------------------------------- */

static void add_escaped(Text *out, const char *text)
{
    for (; *text; text++) {
        if (strchr("\"&<", *text) || (unsigned char)*text < ' ')
            text_format(out, "&#%d;", (unsigned char)*text);
        else
            text_add_slice(out, text, 1);
    }
}

static void add_dims(Text *out, const FornixDims *dims)
{
    for (int i = dims->count == 1 ? 2 : 3 - dims->count; i < 3; i++)
        text_format(out, "%lld%s", (long long)dims->size[i], i < 2 ? " " : "");
}

static void add_list(Text *out, const FornixList *list)
{
    for (int64_t i = 0; i < list->count; i++) {
        text_add(out, i ? " " : "");
        add_escaped(out, list->items[i]);
    }
}

static void add_written(Text *out, const FornixAttr *attr, const Element *element)
{
    const char *given = element_value(element, attr->name);
    add_escaped(out, given ? given : attr->fallback);
}

void attr_canonical(const FornixNode *node, const Element *element, const void *values, Text *out)
{
    for (const FornixAttr *attr = node->attrs; attr && attr->name; attr++) {
        const void *field = (const char *)values + attr->offset;
        text_format(out, "%s%s=\"", attr == node->attrs ? "" : " ", attr->name);
        switch (attr->kind) {
        case FORNIX_ATTR_INT: text_format(out, "%lld", (long long)*(const int64_t *)field); break;
        case FORNIX_ATTR_REAL: text_add_real(out, *(const double *)field); break;
        case FORNIX_ATTR_BOOL: text_add(out, *(const bool *)field ? "yes" : "no"); break;
        case FORNIX_ATTR_CHOICE: text_add(out, attr->choices[*(const int *)field]); break;
        case FORNIX_ATTR_DIMS: add_dims(out, field); break;
        case FORNIX_ATTR_LIST: add_list(out, field); break;
        default: add_written(out, attr, element); break;
        }
        text_add(out, "\"");
    }
}
