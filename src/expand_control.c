/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The elements that vanish in the expansion: for, choose, include.
 *
 * Each changes the walk (another name, another branch, another file) and goes on with its content.
 */
#define _GNU_SOURCE

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "expand_parts.h"
#include "mend.h"

enum { MOST_VALUES = 100000 };

static const char **words_keep(Arena *arena, const char *text, size_t *count)
{
    char **split = text_split(text, count);
    const char **words = arena_take(arena, *count + 1, sizeof *words);
    for (size_t i = 0; i < *count; i++)
        words[i] = arena_text(arena, split[i]);
    text_split_free(split);
    return words;
}

static bool is_range(void *context, const char *text)
{
    int64_t first, last;
    (void)context;
    return text_to_range(text, &first, &last);
}

/* The values of "0..3" or "3..0"; NULL when text is no range, none after an error. */
static const char **range_values(Expander *expander, const Attribute *in, const char *text,
                                 size_t *count)
{
    int64_t first, last;
    *count = 0;
    if (!text_to_range(text, &first, &last))
        return NULL;
    uint64_t span =
        first < last ? (uint64_t)last - (uint64_t)first : (uint64_t)first - (uint64_t)last;
    if (span >= MOST_VALUES) {
        diag_error(expander->diag, in->value_place, "a loop of more than %d rounds", MOST_VALUES);
        return arena_take(expander->arena, 1, sizeof(char *));
    }
    const char **values = arena_take(expander->arena, span + 1, sizeof *values);
    for (uint64_t i = 0; i <= span; i++)
        values[i] = arena_format(expander->arena, "%" PRId64,
                                 first < last ? first + (int64_t)i : first - (int64_t)i);
    *count = span + 1;
    return values;
}

static const char **loop_values(Expander *expander, const Walk *walk, const Attribute *in,
                                size_t *count)
{
    const char *text;
    double number;
    *count = 0;
    if (!in || !expand_fill(expander, walk, in, &text) || walk->dry)
        return NULL;
    const char **values = range_values(expander, in, text, count);
    if (values)
        return values;
    values = words_keep(expander->arena, text, count);
    if (*count == 1 && !text[strspn(text, "-.0123456789")] && !text_to_real(text, &number)) {
        static const char *const missing[] = {".", "0", "1", NULL};
        const Mend mend = {is_range, NULL, missing, strcspn(text, ".") + 2};
        const char *help = strchr(in->value, '$') ? NULL : mend_help(text, &mend, expander->arena);
        diag_error_help(expander->diag, in->value_place, help,
                        "'%s' is neither a number nor a range, as in 0..3", text);
        *count = 0;
    } else if (!*count && !strchr(in->value, '$')) {
        diag_error(expander->diag, in->value_place, "a loop over nothing");
    }
    for (size_t i = 0; i < *count; i++)
        if (strpbrk(values[i], "[]*")) {
            diag_error(expander->diag, in->value_place,
                       "'%s' cannot name a round of a loop: it holds '[', ']' or '*'", values[i]);
            *count = 0;
        }
    if (*count > MOST_VALUES) {
        diag_error(expander->diag, in->value_place, "a loop of more than %d rounds", MOST_VALUES);
        *count = 0;
    }
    return values;
}

/* What the variable can ever be, where in= tells it for all values of the params. */
static void loop_choices(Expander *expander, const Walk *walk, const Attribute *in, Name *variable)
{
    Scope scope = {.names = walk->names};
    const Name *list = expression_sole_name(&scope, in);
    if (list) {
        variable->choices = list->choices;
        variable->choice_count = list->choice_count;
    } else if (!strchr(in->value, '$') && !strstr(in->value, "..")) {
        variable->choices = words_keep(expander->arena, in->value, &variable->choice_count);
    } else if (strstr(in->value, "..")) {
        variable->datum = datum_int(0); /* whichever; it is a number */
    }
}

/* The loop's variable as a name, without a value; NULL after an error. */
static Name *loop_variable(Expander *expander, const Walk *walk, const Element *element)
{
    const Attribute *name = expand_need(expander, element, "name");
    if (!name)
        return NULL;
    Scope scope = {.names = walk->names};
    if (!expand_is_name(name->value))
        diag_error(expander->diag, name->value_place,
                   "'%s' is no name: a letter or '_', then letters, digits or '_'", name->value);
    else if (scope_name(&scope, name->value))
        diag_error(expander->diag, name->value_place,
                   "'%s' is the name of a param or an outer loop already", name->value);
    Name *variable = arena_take(expander->arena, 1, sizeof *variable);
    *variable = (Name){.name = name->value, .loop = true, .outer = walk->names};
    return variable;
}

/* The place of a word of a value; of the whole where it is not written there as such. */
static Place word_place(const Attribute *attribute, const char *text, const char *word)
{
    static const char blanks[] = " \t\r\n";
    for (size_t at = strspn(text, blanks), length; text[at]; at += strspn(text + at, blanks)) {
        length = strcspn(text + at, blanks);
        if (strlen(word) == length && strncmp(text + at, word, length) == 0)
            return strcmp(text, attribute->value) == 0 ? attribute_part(attribute, at, length)
                                                       : attribute->value_place;
        at += length;
    }
    return attribute->value_place;
}

static void loop_round(Expander *expander, const Walk *walk, const Element *element,
                       const Name *variable, const char *value)
{
    Name *name = arena_take(expander->arena, 1, sizeof *name);
    Level *level = arena_take(expander->arena, 1, sizeof *level);
    *name = *variable;
    name->datum = datum_read(value);
    *level = *walk->level;
    level->rounds[level->round_count] = value;
    level->names[level->round_count++] = name;
    Walk inside = *walk;
    inside.names = name;
    inside.level = level;
    if (expand_spend(expander, element->place, sizeof *level + sizeof *name))
        expand_content(expander, &inside, element);
}

void expand_for(Expander *expander, const Walk *walk, const Element *element)
{
    static const char *const allowed[] = {"name", "in", "if", NULL};
    expand_allow(expander, element, allowed);
    const Attribute *in = expand_need(expander, element, "in");
    Name *variable = loop_variable(expander, walk, element);
    size_t count;
    const char **values = loop_values(expander, walk, in, &count);
    if (in && variable && (count || walk->dry))
        loop_choices(expander, walk, in, variable);
    if (walk->level->round_count == MOST_ROUNDS) {
        diag_error(expander->diag, element->place, "loops nested more than %d deep", MOST_ROUNDS);
        return;
    }
    if (!variable)
        return;
    Scope scope = {.names = walk->names};
    const Name *list = count ? expression_sole_name(&scope, in) : NULL;
    const Attribute *said = list && list->origin ? list->origin : in;
    for (size_t i = 0; i < count && !expander->exhausted; i++) {
        variable->place = word_place(said, said->value, values[i]);
        loop_round(expander, walk, element, variable, values[i]);
    }
    if (!count) {
        Walk inside = *walk;
        inside.names = variable;
        inside.dry = true;
        expand_content(expander, &inside, element);
    }
}

static bool is_control(const char *name)
{
    static const char *const names[] = {"for", "choose", "include", "param", "when", "otherwise"};
    for (size_t i = 0; i < COUNT(names); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static bool holds(const char *const *words, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(words[i], word) == 0)
            return true;
    return false;
}

typedef struct {
    const Attribute *on, *id;
    const Name *name;  /* on= is this name alone, or NULL */
    const char *value; /* of on=; NULL: not known */
    const char **seen; /* the words of the branches so far */
    size_t seen_count;
    const Element *taken;
    bool broken; /* after such an error no branch is taken */
} Choice;

static void choose_words(Expander *expander, const Walk *walk, Choice *choice, const Attribute *is,
                         const Element *branch)
{
    const char *text;
    size_t count;
    if (!expand_fill(expander, walk, is, &text))
        return;
    const char **words = words_keep(expander->arena, text, &count);
    const Name *name = choice->name;
    for (size_t i = 0; i < count; i++) {
        if (holds(choice->seen, choice->seen_count, words[i])) {
            diag_error(expander->diag, is->value_place, "a <when> above takes '%s' already",
                       words[i]);
        } else if (name && name->choices && !holds(name->choices, name->choice_count, words[i])) {
            const char *nearest = text_suggest(words[i], name->choices, name->choice_count);
            diag_error_help(expander->diag, word_place(is, text, words[i]),
                            expand_did_you_mean(expander->arena, nearest), "'%s' is never '%s'",
                            name->name, words[i]);
            if (nearest && choice->value && strcmp(choice->value, nearest) == 0 && !choice->taken)
                choice->taken = branch; /* as it was meant */
        } else if (!choice->taken && choice->value && strcmp(choice->value, words[i]) == 0) {
            choice->taken = branch;
        }
    }
    size_t total = choice->seen_count + count;
    const char **seen = arena_take(expander->arena, total, sizeof *seen);
    if (choice->seen_count)
        memcpy(seen, choice->seen, choice->seen_count * sizeof *seen);
    if (count)
        memcpy(seen + choice->seen_count, words, count * sizeof *seen);
    choice->seen = seen;
    choice->seen_count = total;
    expand_spend(expander, is->place, (total + count) * sizeof *seen + 16 * strlen(text));
}

static void choose_branch(Expander *expander, const Walk *walk, Choice *choice,
                          const Element *branch)
{
    static const char *const when[] = {"is", NULL}, *const otherwise[] = {NULL};
    bool last = strcmp(branch->name, "otherwise") == 0;
    if (!last && strcmp(branch->name, "when") != 0) {
        if (!expander->unsound)
            diag_error(expander->diag, branch->place,
                       "a choose holds <when> and <otherwise>, no <%s>", branch->name);
        choice->broken = true;
        return;
    }
    expand_allow(expander, branch, last ? otherwise : when);
    if (choice->id && (branch->child_count != 1 || is_control(branch->first->name))) {
        diag_error(expander->diag, branch->place,
                   "the choose has an id, so each branch holds one element, which takes it");
        choice->broken = true;
    }
    if (last && branch->next)
        diag_error(expander->diag, branch->next->place, "<otherwise> is the last branch");
    const Attribute *is = last ? NULL : expand_need(expander, branch, "is");
    if (is)
        choose_words(expander, walk, choice, is, branch);
    if (last && !choice->taken && choice->value)
        choice->taken = branch;
}

void expand_choose(Expander *expander, const Walk *walk, const Element *element)
{
    static const char *const allowed[] = {"on", "id", "if", NULL};
    expand_allow(expander, element, allowed);
    Choice choice = {.on = expand_need(expander, element, "on"),
                     .id = element_attribute(element, "id")};
    Scope scope = {.names = walk->names};
    if (choice.on) {
        choice.name = expression_sole_name(&scope, choice.on);
        const char *value;
        bool known = expand_fill(expander, walk, choice.on, &value);
        if (known && !choice.name && !expand_compared(expander, walk, element, choice.on))
            choice.broken = true;
        if (known && !walk->dry)
            choice.value = value;
    }
    for (const Element *branch = element->first; branch; branch = branch->next)
        choose_branch(expander, walk, &choice, branch);
    if (choice.value && !choice.taken && !choice.broken)
        diag_error(expander->diag, choice.on->value_place,
                   "no <when> takes '%s', and there is no <otherwise>", choice.value);
    for (const Element *branch = element->first; branch; branch = branch->next) {
        Walk inside = *walk;
        inside.dry = walk->dry || choice.broken || branch != choice.taken;
        inside.id = choice.id;
        expand_content(expander, &inside, branch);
    }
}

static void inspect(Expander *expander, File *file)
{
    const Inspector *inspector = &expander->inspector;
    size_t before = diag_errors(expander->diag);
    if (file->root && inspector->look && !inspector->look(inspector->context, file->root))
        expander->unsound = true;
    expander->inspected += diag_errors(expander->diag) - before;
}

const File *expand_open(Expander *expander, const char *path, Place asked)
{
    char *real = realpath(path, NULL);
    const File *known = expander->files;
    while (known && !(real && strcmp(known->real, real) == 0))
        known = known->next;
    if (known) {
        mem_free(real);
        return known;
    }
    const Source *source = source_read(path, asked, expander->diag, expander->arena);
    File *file = NULL;
    if (source) {
        file = arena_take(expander->arena, 1, sizeof *file);
        *file = (File){.path = source->name,
                       .real = arena_text(expander->arena, real ? real : path),
                       .root = xml_parse(source, expander->diag, expander->arena),
                       .next = expander->files};
        expander->files = file;
        expander->sources =
            mem_grow(expander->sources, expander->source_count + 1, sizeof *expander->sources);
        expander->sources[expander->source_count++] = source;
        inspect(expander, file);
        const char *name = file->root ? file->root->name : "graph";
        if (strcmp(name, "graph") != 0 && strcmp(name, "nets") != 0) {
            diag_error(expander->diag, file->root->place,
                       "the root of a file is <graph> or <nets>, not <%s>", name);
            file->root = NULL;
        }
    }
    mem_free(real);
    return file;
}

/* The file to include here; NULL after an error. */
static const File *include_open(Expander *expander, const Walk *walk, const Attribute *href)
{
    const char *text, *path;
    if (!expand_fill(expander, walk, href, &text) || (walk->dry && pattern_varies(href->value)))
        return NULL;
    path = path_beside(walk->visit->file->path, text, expander->arena);
    const File *file = expand_open(expander, path, href->value_place);
    for (const Visit *visit = walk->visit; file && visit; visit = visit->includer)
        if (visit->file == file) {
            diag_error(expander->diag, href->value_place, "'%s' includes itself", path);
            return NULL;
        }
    if (file && walk->visit->depth == MOST_INCLUDES) {
        diag_error(expander->diag, href->value_place, "includes nested more than %d deep",
                   MOST_INCLUDES);
        return NULL;
    }
    return file && file->root ? file : NULL;
}

/* The attributes that are values for the file's params. */
static Override *include_given(Expander *expander, const Walk *walk, const Element *element,
                               size_t *count)
{
    static const char *const own[] = {"href", "prefix", "as", "if", "doc"};
    Override *given = arena_take(expander->arena, element->attribute_count, sizeof *given);
    *count = 0;
    for (size_t i = 0; i < element->attribute_count; i++) {
        const Attribute *attribute = &element->attributes[i];
        const char *value;
        if (holds(own, COUNT(own), attribute->name) ||
            !expand_fill(expander, walk, attribute, &value))
            continue;
        if (walk->dry && pattern_varies(attribute->value))
            value = NULL; /* it will have one */
        given[(*count)++] = (Override){.name = attribute->name,
                                       .value = value,
                                       .name_place = attribute->place,
                                       .value_place = attribute->value_place,
                                       .beside = walk->visit ? walk->visit->file->path : NULL};
    }
    return given;
}

/* The walk's level with the prefix, or with the ids renamed; both may be absent. */
static Level *include_level(Expander *expander, const Walk *walk, const Element *element,
                            Rename *rename)
{
    Level *level = arena_take(expander->arena, 1, sizeof *level);
    *level = *walk->level;
    const Attribute *prefix = element_attribute(element, "prefix");
    const Attribute *as = element_attribute(element, "as");
    const Attribute *given = prefix ? prefix : as;
    const char *text;
    uint32_t spoken;
    if (prefix && as)
        diag_error(expander->diag, as->place, "an include has prefix= or as=, not both");
    if (!given || !expand_fill_name(expander, walk, given, &text, &spoken) ||
        (walk->dry && pattern_varies(given->value)))
        return level;
    if (!expand_is_id(text))
        diag_error(expander->diag, given->value_place,
                   "'%s' begins no id: a letter or '_', then letters, digits, '_' or '-'", text);
    level->spoken |= spoken;
    if (prefix)
        level->prefixes[level->prefix_count++] = text;
    else
        rename->name = text;
    return level;
}

void expand_include(Expander *expander, const Walk *walk, const Element *element)
{
    size_t given_count;
    Rename rename = {0};
    const Attribute *href = expand_need(expander, element, "href");
    const Override *given = include_given(expander, walk, element, &given_count);
    if (!walk->visit) {
        diag_error(expander->diag, element->place, "no include stands in elements of a program");
        return;
    }
    if (element->first && !expander->unsound)
        diag_error(expander->diag, element->first->place, "an include holds nothing");
    const Level *level = include_level(expander, walk, element, &rename);
    const File *file = href ? include_open(expander, walk, href) : NULL;
    const Attribute *prefix = element_attribute(element, "prefix");
    if (walk->dry && (!file || (prefix && pattern_varies(prefix->value))))
        expand_untaken(expander, walk, element);
    if (!file)
        return;
    Visit visit = {.file = file, .includer = walk->visit, .depth = walk->visit->depth + 1};
    size_t before = diag_errors(expander->diag);
    Walk inside = *walk;
    inside.visit = &visit;
    inside.names = expand_params(expander, &visit, given, given_count, NULL);
    inside.level = level;
    inside.id = NULL;
    if (rename.name)
        inside.rename = &rename;
    for (size_t i = 0; i < file->root->attribute_count; i++) {
        const char *ignored;
        expand_fill(expander, &inside, &file->root->attributes[i], &ignored);
    }
    expand_content(expander, &inside, file->root);
    if (diag_errors(expander->diag) == before)
        expand_unused(expander, &visit, inside.names);
    if (rename.name && rename.taken != 1 && !walk->dry)
        diag_error(expander->diag, element_attribute(element, "as")->place,
                   "as= renames one element with an id, and '%s' brings %d", file->path,
                   rename.taken);
}
