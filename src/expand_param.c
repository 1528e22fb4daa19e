/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Params: typed settings of a file, with their values from there, from -p or from an include.
 *
 * A value is checked where it was written, whoever wrote it, and normalised (numbers in their
 * shortest spelling, single blanks in lists, absolute paths), so that equal settings give equal
 * text and with it equal cache keys.
 */
#include <inttypes.h>
#include <string.h>

#include "expand_parts.h"
#include "mend.h"

typedef enum {
    PARAM_INT,
    PARAM_REAL,
    PARAM_BOOL,
    PARAM_TEXT,
    PARAM_LIST,
    PARAM_CHOICE,
    PARAM_PATH
} ParamKind;

static const char *const kinds[] = {"int", "real", "bool", "text", "list", "choice", "path"};
static const char *const kind_words[] = {"an int", "a real",   "a bool", "text",
                                         "a list", "a choice", "a path"};
static const char *const truths[] = {"false", "true"};

typedef struct {
    const char *name;
    Place place;
    ParamKind kind;
    bool bounded;
    Datum low, high;
    const char **of;
    size_t of_count;
} Spec;

/* A value on its way into a param. */
typedef struct {
    const char *text, *beside;
    Place place;
    bool foreign; /* written elsewhere than in the param */
} Given;

static bool refuse(Expander *expander, const Spec *spec, const Given *given, const char *help,
                   const char *fault)
{
    const char *where = "";
    if (given->foreign)
        where = arena_format(expander->arena, " (declared in %s:%d)", spec->place.source->name,
                             spec->place.line);
    diag_error_help(expander->diag, given->place, help, "param '%s': %s%s", spec->name, fault,
                    where);
    return false;
}

static bool check_word(Expander *expander, const Spec *spec, const Given *given, const char *word)
{
    for (size_t i = 0; i < spec->of_count; i++)
        if (strcmp(spec->of[i], word) == 0)
            return true;
    if (!spec->of_count)
        return false; /* told: of= is missing */
    Arena *arena = expander->arena;
    Text all = {0};
    for (size_t i = 0; i < spec->of_count; i++)
        text_format(&all, "%s%s", i ? ", " : "", spec->of[i]);
    const char *fault = arena_format(arena, "'%s' is none of %s", word, text_value(&all));
    text_free(&all);
    const char *nearest = text_suggest(word, spec->of, spec->of_count);
    return refuse(expander, spec, given, expand_did_you_mean(arena, nearest), fault);
}

static bool read_list(Expander *expander, const Spec *spec, const Given *given, Datum *datum)
{
    size_t count;
    bool good = true;
    Text list = {0};
    char **words = text_split(given->text, &count);
    for (size_t i = 0; i < count && spec->of; i++)
        good = check_word(expander, spec, given, words[i]) && good;
    text_add_words(&list, given->text);
    *datum = datum_text(arena_text(expander->arena, text_value(&list)));
    text_free(&list);
    text_split_free(words);
    return good;
}

static bool read_number(Expander *expander, const Spec *spec, const Given *given, Datum *datum)
{
    Arena *arena = expander->arena;
    *datum = datum_read(given->text);
    if (!datum_is_number(datum) || (spec->kind == PARAM_INT && datum->kind != DATUM_INT))
        return refuse(expander, spec, given, NULL,
                      arena_format(arena, "'%s' is not %s", given->text, kind_words[spec->kind]));
    if (spec->kind == PARAM_REAL)
        *datum = datum_real(datum->real);
    Text text = {0};
    datum->text = NULL;
    datum_write(&text, datum);
    datum->text = arena_text(arena, text_value(&text));
    text_free(&text);
    bool outside =
        spec->bounded && (datum->kind == DATUM_INT
                              ? datum->whole < spec->low.whole || datum->whole > spec->high.whole
                              : datum->real < spec->low.real || datum->real > spec->high.real);
    if (outside)
        return refuse(expander, spec, given, NULL,
                      arena_format(arena, "%s is outside %s to %s", datum->text, spec->low.text,
                                   spec->high.text));
    return true;
}

static bool read_bool(Expander *expander, const Spec *spec, const Given *given, Datum *datum)
{
    static const char *const words[] = {"false", "true", "no", "yes"};
    for (size_t i = 0; i < COUNT(words); i++)
        if (strcmp(given->text, words[i]) == 0) {
            *datum = datum_bool(i % 2);
            datum->text = truths[i % 2];
            return true;
        }
    return refuse(expander, spec, given, NULL,
                  arena_format(expander->arena, "'%s' is neither true nor false", given->text));
}

static bool read_value(Expander *expander, const Spec *spec, const Given *given, Datum *datum)
{
    Arena *arena = expander->arena;
    switch (spec->kind) {
    case PARAM_INT:
    case PARAM_REAL: return read_number(expander, spec, given, datum);
    case PARAM_BOOL: return read_bool(expander, spec, given, datum);
    case PARAM_LIST: return read_list(expander, spec, given, datum);
    case PARAM_CHOICE:
        *datum = datum_text(given->text);
        return check_word(expander, spec, given, given->text);
    case PARAM_PATH:
        *datum = datum_text(given->text);
        if (given->text[0]) {
            const char *path = given->text;
            if (given->beside)
                path = path_beside(given->beside, path, arena);
            datum->text = path_absolute(path, arena);
        }
        return true;
    default: *datum = datum_text(given->text); return true;
    }
}

static bool read_kind(Expander *expander, const Element *element, Spec *spec)
{
    const Attribute *type = expand_need(expander, element, "type");
    if (!type)
        return false;
    for (size_t i = 0; i < COUNT(kinds); i++)
        if (strcmp(kinds[i], type->value) == 0) {
            spec->kind = (ParamKind)i;
            return true;
        }
    diag_error_help(
        expander->diag, type->value_place,
        expand_did_you_mean(expander->arena, text_suggest(type->value, kinds, COUNT(kinds))),
        "'%s' is no type: there are int, real, bool, text, list, choice and path", type->value);
    return false;
}

static bool read_ends(Spec *spec, const char *text, Arena *arena)
{
    size_t count;
    char **ends = text_split(text, &count);
    if (count == 2) {
        spec->low = datum_read(arena_text(arena, ends[0]));
        spec->high = datum_read(arena_text(arena, ends[1]));
    }
    text_split_free(ends);
    bool whole = spec->low.kind == DATUM_INT && spec->high.kind == DATUM_INT;
    bool numbers = datum_is_number(&spec->low) && datum_is_number(&spec->high);
    return count == 2 && (spec->kind == PARAM_INT ? whole : numbers) &&
           spec->low.real <= spec->high.real;
}

typedef struct {
    Spec spec;
    Datum value; /* the default */
} RangeTrial;

/* Whether it is a range as one writes it ("0 12", not "01 2"), around the default. */
static bool is_range(void *context, const char *text)
{
    RangeTrial *trial = context;
    Arena *arena = arena_new();
    size_t count;
    char **ends = text_split(text, &count);
    bool fits = read_ends(&trial->spec, text, arena);
    for (size_t i = 0; i < count && fits; i++) {
        const char *digits = ends[i] + (*ends[i] == '-');
        fits = digits[0] != '0' || !digits[1] || digits[1] == '.';
        fits = fits && digits[strlen(digits) - 1] != '.';
    }
    if (fits && datum_is_number(&trial->value))
        fits =
            trial->spec.low.real <= trial->value.real && trial->value.real <= trial->spec.high.real;
    text_split_free(ends);
    arena_free(arena);
    return fits;
}

static void read_range(Expander *expander, const Walk *walk, const Element *element, Spec *spec)
{
    const Attribute *range = element_attribute(element, "range");
    const char *text;
    if (!range || !expand_fill(expander, walk, range, &text))
        return;
    if (spec->kind != PARAM_INT && spec->kind != PARAM_REAL) {
        diag_error(expander->diag, range->place, "only an int or a real has a range");
        return;
    }
    static const char *const missing[] = {" ", NULL};
    const char *value = element_value(element, "value");
    RangeTrial trial = {.spec = *spec, .value = datum_read(value ? value : "")};
    const Mend mend = {is_range, &trial, missing, 0};
    spec->bounded = read_ends(spec, text, expander->arena);
    if (!spec->bounded)
        diag_error_help(expander->diag, range->value_place, mend_help(text, &mend, expander->arena),
                        "a range is its low and its high end, as in range=\"0 4\"");
}

static void read_of(Expander *expander, const Walk *walk, const Element *element, Spec *spec)
{
    const Attribute *of = element_attribute(element, "of");
    const char *text;
    if (!of && spec->kind == PARAM_CHOICE)
        expand_need(expander, element, "of");
    if (!of || !expand_fill(expander, walk, of, &text))
        return;
    if (spec->kind != PARAM_CHOICE && spec->kind != PARAM_LIST) {
        diag_error(expander->diag, of->place, "only a choice or a list has of=");
        return;
    }
    char **words = text_split(text, &spec->of_count);
    spec->of = arena_take(expander->arena, spec->of_count + 1, sizeof *spec->of);
    for (size_t i = 0; i < spec->of_count; i++)
        spec->of[i] = arena_text(expander->arena, words[i]);
    text_split_free(words);
    if (!spec->of_count)
        diag_error(expander->diag, of->value_place, "of= lists no words");
}

/* The param's name, fit to be one and new among those known; NULL after an error. */
static const char *read_name(Expander *expander, const Walk *walk, const Element *element)
{
    static const char *const taken[] = {"and", "or",   "not", "true", "false", "if",
                                        "id",  "href", "as",  "doc",  "prefix"};
    const Attribute *name = expand_need(expander, element, "name");
    if (!name)
        return NULL;
    Scope scope = {.names = walk->names};
    bool reserved = false;
    for (size_t i = 0; i < COUNT(taken); i++)
        reserved = reserved || strcmp(taken[i], name->value) == 0;
    if (!expand_is_name(name->value))
        diag_error(expander->diag, name->value_place,
                   "'%s' is no name: a letter or '_', then letters, digits or '_'", name->value);
    else if (reserved)
        diag_error(expander->diag, name->value_place, "'%s' means something else already",
                   name->value);
    else if (scope_name(&scope, name->value))
        diag_error(expander->diag, name->value_place, "param '%s' is declared twice", name->value);
    else
        return name->value;
    return NULL;
}

static const Override *find_given(const Override *given, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(given[i].name, name) == 0)
            return &given[i];
    return NULL;
}

/* The value that counts; the default is then only checked for the names in it. */
static void find_value(Expander *expander, const Walk *walk, const Element *element,
                       const Spec *spec, const Override *given, Name *name)
{
    Datum *datum = &name->datum;
    const Attribute *value = element_attribute(element, "value");
    const char *text;
    if (value) {
        Walk here = *walk;
        here.dry = given != NULL;
        Given own = {.beside = walk->visit->file->path, .place = value->value_place};
        bool filled = expand_fill(expander, &here, value, &text);
        if (filled && given && !pattern_varies(value->value)) { /* right for whoever gives none */
            own.text = text;
            read_value(expander, spec, &own, &(Datum){0});
        } else if (filled && !given) {
            own.text = text;
            if (!read_value(expander, spec, &own, datum))
                *datum = (Datum){0};
            name->place = value->value_place;
            if (datum->text && strcmp(datum->text, value->value) == 0)
                name->origin = value;
        }
    } else if (!given) {
        diag_error(expander->diag, spec->place, "param '%s' has no value%s", spec->name,
                   walk->visit->includer ? ": the include must give it one"
                                         : ": write value= or give it with -p");
    }
    if (given && given->name && !given->value &&
        (spec->kind == PARAM_INT || spec->kind == PARAM_REAL))
        *datum = datum_int(0); /* whichever: nothing is computed with it */
    if (given && given->value) {
        Given foreign = {.text = given->value,
                         .beside = given->beside,
                         .place = given->value_place,
                         .foreign = true};
        if (!read_value(expander, spec, &foreign, datum))
            *datum = (Datum){0};
        name->place = given->value_place;
    }
}

static void read_param(Expander *expander, Walk *walk, const Element *element,
                       const Override *given, Param *param)
{
    static const char *const allowed[] = {"name", "type", "value", "range", "of", NULL};
    expand_allow(expander, element, allowed);
    Spec spec = {.place = element->place, .name = read_name(expander, walk, element)};
    if (!spec.name)
        return;
    Name *name = arena_take(expander->arena, 1, sizeof *name);
    *name = (Name){.name = spec.name, .outer = walk->names};
    if (read_kind(expander, element, &spec)) {
        read_range(expander, walk, element, &spec);
        read_of(expander, walk, element, &spec);
        find_value(expander, walk, element, &spec, given, name);
    }
    name->choices = spec.of;
    name->choice_count = spec.of_count;
    if (spec.kind == PARAM_BOOL) {
        name->choices = truths;
        name->choice_count = COUNT(truths);
    }
    walk->names = name;
    const char *doc = element_value(element, "doc");
    *param = (Param){.name = spec.name,
                     .type = kinds[spec.kind],
                     .doc = doc ? doc : "",
                     .value = name->datum.text ? name->datum.text : "",
                     .range = element_value(element, "range"),
                     .of = element_value(element, "of"),
                     .overridden = given != NULL,
                     .place = element_attribute(element, "name")->value_place};
}

static bool declares(const Element *root, const char *param)
{
    for (const Element *element = root->first; element; element = element->next) {
        const char *name = element_value(element, "name");
        if (strcmp(element->name, "param") == 0 && name && strcmp(name, param) == 0)
            return true;
    }
    return false;
}

/* What is given to the param; without a value where a name that is none was probably meant to be
 * its own, which refuse_unknown tells. */
static const Override *seek_given(const Element *root, const Override *given, size_t count,
                                  const char *name)
{
    static const Override misspelt;
    const Override *own = find_given(given, count, name);
    for (size_t i = 0; i < count && !own; i++)
        if (!declares(root, given[i].name) && text_suggest(given[i].name, &name, 1))
            own = &misspelt;
    return own;
}

static void refuse_unknown(Expander *expander, const Visit *visit, const Override *given,
                           const Name *names)
{
    const char **known = arena_take(expander->arena, MOST_PARAMS, sizeof *known);
    size_t count = 0;
    for (const Name *name = names; name; name = name->outer)
        known[count++] = name->name;
    for (size_t i = 0; i < count; i++)
        if (strcmp(known[i], given->name) == 0)
            return;
    const char *nearest = text_suggest(given->name, known, count);
    diag_error_help(expander->diag, given->name_place,
                    expand_did_you_mean(expander->arena, nearest), "%s has no param '%s'",
                    visit->file->path, given->name);
}

Name *expand_params(Expander *expander, const Visit *visit, const Override *given,
                    size_t given_count, Expansion *list)
{
    Walk walk = {.visit = visit};
    size_t count = 0;
    const Element *root = visit->file->root;
    for (const Element *element = root->first; element; element = element->next)
        count += strcmp(element->name, "param") == 0;
    if (count > MOST_PARAMS) {
        diag_error(expander->diag, root->place, "more than %d params", MOST_PARAMS);
        return NULL;
    }
    Param *params = arena_take(expander->arena, count, sizeof *params);
    count = 0;
    for (const Element *element = root->first; element; element = element->next) {
        const char *name = element_value(element, "name");
        if (strcmp(element->name, "param") != 0 || !expand_spend(expander, element->place, 0))
            continue;
        const Override *own = name ? seek_given(root, given, given_count, name) : NULL;
        read_param(expander, &walk, element, own, &params[count]);
        count += params[count].name != NULL;
    }
    for (size_t i = 0; i < given_count; i++) {
        refuse_unknown(expander, visit, &given[i], walk.names);
        if (find_given(given, i, given[i].name))
            diag_error(expander->diag, given[i].name_place, "'%s' is given twice", given[i].name);
    }
    if (list) {
        list->params = params;
        list->param_count = count;
    }
    return walk.names;
}

void expand_unused(Expander *expander, const Visit *visit, const Name *names)
{
    for (const Name *name = names; name; name = name->outer) {
        if (name->used)
            continue;
        for (const Element *element = visit->file->root->first; element; element = element->next) {
            const Attribute *attribute = element_attribute(element, "name");
            if (strcmp(element->name, "param") == 0 && strcmp(attribute->value, name->name) == 0)
                diag_error(expander->diag, attribute->value_place, "nothing refers to param '%s'",
                           name->name);
        }
    }
}

bool override_read(const char *text, Override *override, Diag *diag, Arena *arena)
{
    const Source *source = source_make("-p", text, arena);
    const char *equals = strchr(text, '=');
    size_t length = equals ? (size_t)(equals - text) : strlen(text);
    *override = (Override){.name = arena_slice(arena, text, length),
                           .value = equals ? arena_text(arena, equals + 1) : "",
                           .name_place = source_place(source, 0, length),
                           .value_place = source_place(source, length + 1, strlen(text))};
    if (!equals || !length)
        diag_error(diag, override->name_place, "-p takes name=value");
    return equals && length;
}
