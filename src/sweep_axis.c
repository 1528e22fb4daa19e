/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One axis of a sweep: its values, however they are written. */
#include <math.h>
#include <string.h>

#include "attr.h"
#include "fornix-random.h"
#include "sweep_parts.h"

enum { MOST_VALUES = 10000 };

typedef struct AxisAttrs {
    const char *name, *in, *when;
    double from, to;
    int64_t count, seed;
    int spacing, draw;
    bool whole;
} AxisAttrs;

typedef struct ValueAttrs {
    const char *is, *when;
} ValueAttrs;

static const char *const spacings[] = {"linear", "log", NULL};
static const char *const draws[] = {"even", "random", NULL};

static const FornixAttr axis_attrs[] = {
    FORNIX_TEXT(AxisAttrs, name, NULL, "of the param of the graph that it sets"),
    FORNIX_TEXT(AxisAttrs, in, "", "its values: words, or 0..4 (ends included)"),
    FORNIX_REAL(AxisAttrs, from, "0", -1e300, 1e300, "its first value"),
    FORNIX_REAL(AxisAttrs, to, "0", -1e300, 1e300, "its last value"),
    FORNIX_INT(AxisAttrs, count, "0", 0, MOST_VALUES, "how many values, both ends among them"),
    FORNIX_CHOICE(AxisAttrs, spacing, "linear", spacings, "equal differences or equal ratios"),
    FORNIX_CHOICE(AxisAttrs, draw, "even", draws, "equally far apart, or at random between"),
    FORNIX_INT(AxisAttrs, seed, "1", 0, INT32_MAX, "of draw=\"random\""),
    FORNIX_BOOL(AxisAttrs, whole, "no", "rounded to whole numbers"),
    FORNIX_TEXT(AxisAttrs, when, "", "an expression on axes above; no value where it is false"),
    {0}};
static const FornixAttr value_attrs[] = {
    FORNIX_TEXT(ValueAttrs, is, NULL, "one value of the axis around it, blanks and all"),
    FORNIX_TEXT(ValueAttrs, when, "", "an expression on axes above; left out where it is false"),
    {0}};
SWEEP_ELEMENT(axis, AxisAttrs, "A param of the graph and the values that a sweep gives it in turn.")
SWEEP_ELEMENT(value, ValueAttrs,
              "A value of an axis that is more than one word, or not there in all jobs.")

void *sweep_attrs_of(Sweep *sweep, const FornixNode *node, const Element *element)
{
    static const char *const strange[] = {"id", "if", "acknowledge"};
    for (size_t k = 0; k < COUNT(strange); k++) {
        const Attribute *attribute = element_attribute(element, strange[k]);
        if (attribute)
            diag_error(sweep->diag, attribute->place, "a sweep's <%s> has no '%s'", element->name,
                       strange[k]);
    }
    return attr_read(node, element, NULL, sweep->diag, sweep->memory);
}

Place sweep_value_place(const Element *element, const char *name)
{
    const Attribute *attribute = element_attribute(element, name);
    return attribute ? attribute->value_place : element->place;
}

void sweep_refuse_child(Sweep *sweep, const Element *child)
{
    size_t count;
    char **known = text_split(sweep_word(child->parent->name)->holds, &count);
    const char *near = text_suggest(child->name, (const char *const *)known, count);
    diag_error_help(sweep->diag, child->place,
                    near ? arena_format(sweep->memory, "did you mean '%s'?", near) : NULL,
                    "<%s> has no <%s>", child->parent->name, child->name);
    text_split_free(known);
}

/* Its words alone: however a list is laid out, it is the same one. */
static void add_value(Sweep *sweep, SweepAxis *axis, const char *written, Place place,
                      const Attribute *when)
{
    Text words = {0};
    text_add_words(&words, written);
    const char *text = arena_text(sweep->memory, text_value(&words));
    text_free(&words);
    for (size_t k = 0; k < axis->count; k++)
        if (strcmp(axis->values[k].text, text) == 0) {
            diag_error(sweep->diag, place, "axis '%s' has the value '%s' twice", axis->name, text);
            return;
        }
    SweepValue *values = arena_take(sweep->memory, axis->count + 1, sizeof *values);
    if (axis->count)
        memcpy(values, axis->values, axis->count * sizeof *values);
    values[axis->count++] = (SweepValue){text, place, when};
    axis->values = values;
}

static bool read_range(Sweep *sweep, SweepAxis *axis, const Attribute *in)
{
    int64_t first, last;
    if (!text_to_range(in->value, &first, &last))
        return false;
    if (first < last ? (uint64_t)last - (uint64_t)first >= MOST_VALUES
                     : (uint64_t)first - (uint64_t)last >= MOST_VALUES) {
        diag_error(sweep->diag, in->value_place, "an axis of more than %d values", MOST_VALUES);
        return true;
    }
    for (int64_t k = first;; k += first < last ? 1 : -1) {
        add_value(sweep, axis, arena_format(sweep->memory, "%lld", (long long)k), in->value_place,
                  NULL);
        if (k == last)
            return true;
    }
}

static void read_words(Sweep *sweep, SweepAxis *axis, const Attribute *in)
{
    size_t at = 0;
    while (in->value[at]) {
        size_t start = at + strspn(in->value + at, " \t\r\n");
        size_t length = strcspn(in->value + start, " \t\r\n");
        if (length)
            add_value(sweep, axis, arena_slice(sweep->memory, in->value + start, length),
                      attribute_part(in, start, length), NULL);
        at = start + length;
        if (axis->count > MOST_VALUES) {
            diag_error(sweep->diag, in->value_place, "an axis of more than %d values", MOST_VALUES);
            return;
        }
    }
}

/* Six digits hide where libraries of two machines round otherwise; the ends stay as written. */
static const char *number_text(Sweep *sweep, double value, const AxisAttrs *a, bool end)
{
    Text text = {0};
    if (a->whole)
        text_format(&text, "%.0f", value);
    else if (end || (a->spacing == 0 && a->draw == 0))
        text_add_real(&text, value);
    else
        text_format(&text, "%.6g", value);
    const char *copy = arena_text(sweep->memory, text_value(&text));
    text_free(&text);
    return copy;
}

static void read_numbers(Sweep *sweep, SweepAxis *axis, const Element *element, const AxisAttrs *a)
{
    bool random = a->draw == 1, log_spaced = a->spacing == 1;
    Place place = sweep_value_place(element, "from");
    if (log_spaced && (a->from <= 0 || a->to <= 0)) {
        diag_error(sweep->diag, sweep_value_place(element, "spacing"),
                   "axis '%s': equal ratios need both ends above 0", axis->name);
        return;
    }
    if (!random && a->count == 1 && a->from < a->to) {
        diag_error(sweep->diag, sweep_value_place(element, "count"),
                   "axis '%s': one value has no two ends", axis->name);
        return;
    }
    FornixRandomKey key = fornix_random_key((uint64_t)a->seed, axis->name);
    for (int64_t k = 0; k < a->count; k++) {
        double share = random ? fornix_random_real(key, (uint64_t)k)
                              : (double)k / (double)(a->count > 1 ? a->count - 1 : 1);
        bool end = !random && (k == 0 || k == a->count - 1);
        double value = log_spaced ? a->from * pow(a->to / a->from, share)
                                  : a->from + (a->to - a->from) * share;
        value = !end ? value : k == 0 ? a->from : a->to;
        const char *text = number_text(sweep, value, a, end);
        if (a->whole && axis->count && strcmp(axis->values[axis->count - 1].text, text) == 0)
            continue; /* close values round to one */
        add_value(sweep, axis, text, place, NULL);
    }
}

static void read_values(Sweep *sweep, SweepAxis *axis, const Element *element)
{
    for (const Element *child = element->first; child; child = child->next) {
        if (strcmp(child->name, "value") != 0) {
            sweep_refuse_child(sweep, child);
            continue;
        }
        const ValueAttrs *a = sweep_attrs_of(sweep, &written_value, child);
        if (a)
            add_value(sweep, axis, a->is, sweep_value_place(child, "is"),
                      element_attribute(child, "when"));
    }
}

bool sweep_read_axis(Sweep *sweep, const Element *element, SweepAxis *axis)
{
    const AxisAttrs *a = sweep_attrs_of(sweep, &written_axis, element);
    if (!a)
        return false;
    const Attribute *in = element_attribute(element, "in");
    bool numbers = element_attribute(element, "from") || element_attribute(element, "to") ||
                   element_attribute(element, "count");
    *axis = (SweepAxis){.name = a->name, .place = sweep_value_place(element, "name")};
    if ((in != NULL) + numbers + (element->child_count > 0) != 1)
        diag_error(sweep->diag, element->place,
                   "axis '%s' takes its values from one of in=, from= to= count=, or <value>",
                   a->name);
    else if (in && !read_range(sweep, axis, in))
        read_words(sweep, axis, in);
    else if (numbers)
        read_numbers(sweep, axis, element, a);
    else if (!in)
        read_values(sweep, axis, element);
    if (!axis->count && !diag_errors(sweep->diag))
        diag_error(sweep->diag, element->place, "axis '%s' has no values", a->name);
    return true;
}
