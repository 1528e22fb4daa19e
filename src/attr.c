/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "attr_parts.h"

#include <math.h>
#include <string.h>

#include "base.h"
#include "source.h"

static const FornixAttr commons[] = {
    {.name = "id", .doc = "its name: what refers to it says this"},
    {.name = "if", .doc = "an expression: dropped unless it is true"},
    {.name = "acknowledge", .doc = "why a check that it fails is let pass; stands in the report"},
    {.name = "doc", .doc = "for the reader"},
    {.name = "part",
     .doc = "rows of these parts: train, validation, test, all; test where unsaid"}};

const FornixAttr *attr_commons(const FornixNode *node, size_t *count)
{
    bool judges = node->samples && (node->samples->flags & FORNIX_EVALUATES);
    *count = COUNT(commons) - (judges ? 0 : 1);
    return commons;
}

bool attr_common(const FornixNode *node, const char *name)
{
    size_t count;
    attr_commons(node, &count);
    for (size_t i = 0; i < count; i++)
        if (strcmp(commons[i].name, name) == 0)
            return true;
    return false;
}

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

static const char *const truths[] = {"no", "yes", "false", "true", "0", "1", NULL};

static bool read_bool(const Reading *reading, bool *value)
{
    for (size_t i = 0; truths[i]; i++) {
        *value = i % 2 != 0;
        if (strcmp(reading->text, truths[i]) == 0)
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

/* Whether those bytes of the text are one of the choices; else they are the fault. */
static bool is_choice(const Reading *reading, size_t at, size_t length, int *index)
{
    const char *const *choices = reading->attr->choices;
    for (*index = 0; choices[*index]; ++*index)
        if (strncmp(choices[*index], reading->text + at, length) == 0 && !choices[*index][length])
            return true;
    Text message = {0};
    for (size_t i = 0; choices[i]; i++)
        text_format(&message, "%s%s", i ? ", " : "", choices[i]);
    *reading->fault = (Fault){at, length};
    fornix_fail_input(reading->error, "%s is '%.*s', not one of: %s", reading->attr->name,
                      (int)length, reading->text + at, text_value(&message));
    text_free(&message);
    return false;
}

static bool read_choice(const Reading *reading, int *value)
{
    return is_choice(reading, 0, strlen(reading->text), value);
}

static bool words_known(const Reading *reading)
{
    static const char blanks[] = " \t\r\n\f\v";
    const char *text = reading->text;
    int index;
    for (size_t at = strspn(text, blanks), length; text[at]; at += strspn(text + at, blanks)) {
        length = strcspn(text + at, blanks);
        if (!is_choice(reading, at, length, &index))
            return false;
        at += length;
    }
    return true;
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
    return (count > 0 || value_fail(reading, "without a word")) &&
           (!reading->attr->choices || words_known(reading));
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
bool value_read(const Reading *reading, void *field)
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
    bool good = value_read(&(Reading){.attr = attr,
                                      .text = attr->fallback,
                                      .arena = arena,
                                      .error = &reason,
                                      .fault = &(Fault){0}},
                           arena_take(arena, 1, kinds[attr->kind].size));
    arena_free(arena);
    return good || fornix_fail(error, "the default of an attribute is wrong: %s", reason.text);
}

/* ---- Reading all of a node -------------------------------------------------------------- */

const FornixAttr *attr_find(const FornixNode *node, const char *name)
{
    for (const FornixAttr *attr = node->attrs; attr && attr->name; attr++)
        if (strcmp(attr->name, name) == 0)
            return attr;
    return NULL;
}

bool attr_port(const FornixNode *node, const char *name)
{
    for (const FornixPort *port = node->inputs; port && port->name; port++)
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

void attr_tell(const Element *element, Diag *diag, Place place, const char *help, const char *what)
{
    Text message = {0};
    add_who(&message, element);
    diag_error_help(diag, place, help, "%s%s", text_value(&message), what);
    text_free(&message);
}

const char *attr_suggest(const FornixNode *node, const Element *element, const char *name,
                         unsigned flags)
{
    enum { ROOM = 256 };
    const char *names[ROOM + COUNT(commons)];
    size_t count = 0, common;
    for (const FornixPort *port = node->inputs; port && port->name && count < ROOM; port++)
        names[count++] = port->name;
    for (const FornixAttr *attr = node->attrs; attr && attr->name && count < ROOM; attr++)
        names[count++] = attr->name;
    attr_commons(node, &common);
    for (size_t i = 0; i < common; i++)
        if (!(flags & LANGUAGE_PLAIN) || strcmp(commons[i].name, "doc") == 0)
            names[count++] = commons[i].name;
    const char *open[ROOM + COUNT(commons)];
    size_t opened = 0; /* those that are not given yet are the likelier ones */
    for (size_t i = 0; i < count; i++)
        if (!element_attribute(element, names[i]))
            open[opened++] = names[i];
    const char *near = text_suggest(name, open, opened);
    return near ? near : text_suggest(name, names, count);
}

void attr_tell_unknown(const FornixNode *node, const Element *element, const Attribute *given,
                       const char *near, Diag *diag)
{
    Text help = {0}, what = {0};
    bool own = false;
    if (near)
        text_format(&help, "did you mean '%s'?", near);
    for (const FornixPort *port = node->inputs; !near && port && port->name; port++, own = true)
        text_format(&help, "%s%s", own ? ", " : "it has ", port->name);
    for (const FornixAttr *attr = node->attrs; !near && attr && attr->name; attr++, own = true)
        text_format(&help, "%s%s", own ? ", " : "it has ", attr->name);
    if (!near && !own)
        text_add(&help, "it has none of its own");
    text_format(&what, ": no attribute '%s'", given->name);
    attr_tell(element, diag, given->place, text_value(&help), text_value(&what));
    text_free(&help);
    text_free(&what);
}

static bool check_names(const FornixNode *node, const Element *element, Diag *diag)
{
    bool good = true;
    for (size_t i = 0; i < element->attribute_count; i++) {
        const Attribute *given = &element->attributes[i];
        if (attr_find(node, given->name) || attr_port(node, given->name) ||
            attr_common(node, given->name))
            continue;
        if (!given->wrong)
            attr_tell_unknown(node, element, given, attr_suggest(node, element, given->name, 0),
                              diag);
        good = false;
    }
    return good;
}

bool value_told(Reading reading, const Element *element, void *field, Diag *diag, const char **near)
{
    const FornixAttr *attr = reading.attr;
    const Attribute *given = reading.given;
    Fault fault = {0};
    FornixError error = {0};
    reading.fault = &fault;
    reading.error = &error;
    *near = NULL;
    if (value_read(&reading, field))
        return true;
    if (!*error.text)
        return false;
    Text help = {0}, what = {0};
    text_add_slice(&what, reading.text + fault.at, fault.length);
    if (fault.length)
        *near = text_suggest(text_value(&what), attr->choices, choice_count(attr->choices));
    else if (attr->kind == FORNIX_ATTR_BOOL)
        *near = text_suggest(reading.text, truths, choice_count(truths));
    if (*near)
        text_format(&help, "did you mean '%s'?", *near);
    what.length = 0;
    text_format(&what, ": %s", error.text);
    Place place = !given         ? element->place
                  : fault.length ? attribute_part(given, fault.at, fault.length)
                                 : given->value_place;
    attr_tell(element, diag, place, help.data, text_value(&what));
    text_free(&help);
    text_free(&what);
    return false;
}

void attr_tell_missing(const Element *element, const FornixAttr *attr, Diag *diag)
{
    Text what = {0};
    text_format(&what, ": '%s' is missing (%s)", attr->name, attr->doc);
    attr_tell(element, diag, element->place, NULL, text_value(&what));
    text_free(&what);
}

static bool fill_one(const FornixAttr *attr, const Element *element, Reading reading, Diag *diag,
                     void *field)
{
    const Attribute *given = element_attribute(element, attr->name);
    const char *near;
    if (given && given->wrong)
        return false;
    if (!given && !attr->fallback) {
        if (!element->faulty)
            attr_tell_missing(element, attr, diag);
        return false;
    }
    reading.attr = attr;
    reading.given = given;
    reading.text = given ? given->value : attr->fallback;
    reading.file = given && given->place.source ? given->place.source->name : NULL;
    return value_told(reading, element, field, diag, &near);
}

void *attr_read(const FornixNode *node, const Element *element, const AttrResolver *resolver,
                Diag *diag, Arena *arena)
{
    char *values = arena_take(arena, 1, node->attrs_size + 1);
    bool good = check_names(node, element, diag);
    for (const FornixAttr *attr = node->attrs; attr && attr->name; attr++)
        good = fill_one(attr, element, (Reading){.resolver = resolver, .arena = arena}, diag,
                        values + attr->offset) &&
               good;
    return good ? values : NULL;
}
