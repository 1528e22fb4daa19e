/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether a <choose> can choose: what it compares must depend on a param, and be what its branches
 * list for some value of it. */
#include <string.h>

#include "expand_parts.h"

/* A value that was plainly meant to depend on a name: as it would be written. NULL: no idea. */
static const char *meant_name(Expander *expander, const Walk *walk, const char *text)
{
    char *bare = arena_text(expander->arena, text), *to = bare;
    size_t count = 0, k = 0;
    for (const char *from = text; *from; from++)
        if (!strchr("${}", *from))
            *to++ = *from;
    *to = '\0';
    for (const Name *name = walk->names; name; name = name->outer)
        count++;
    const char **names = arena_take(expander->arena, count, sizeof *names);
    for (const Name *name = walk->names; name; name = name->outer)
        names[k++] = name->name;
    const char *near = text_suggest(bare, names, count);
    return near ? arena_format(expander->arena, "did you mean '${%s}'?", near) : NULL;
}

/* The words of a branch that on= can be, for whatever params; those that it can't are told where
 * the choice itself makes sense. */
static size_t branch_words(Expander *expander, const Walk *walk, const Element *branch,
                           const Attribute *on, bool tell)
{
    const Attribute *is = element_attribute(branch, "is");
    Pattern compared = pattern_read(on->value, walk->names, expander->arena);
    size_t count = 0, met = 0;
    char **words = is ? text_split(is->value, &count) : NULL;
    for (size_t k = 0; k < count; k++) {
        Pattern word = pattern_read(words[k], walk->names, expander->arena);
        bool meets = pattern_meets(&compared, &word);
        met += meets;
        if (!meets && tell)
            diag_error_help(
                expander->diag, attribute_word(is, (int64_t)k),
                expand_did_you_mean(expander->arena,
                                    text_suggest(words[k], compared.texts, compared.count)),
                "'%s' is never '%s'", on->value, words[k]);
    }
    text_split_free(words);
    return met;
}

bool expand_compared(Expander *expander, const Walk *walk, const Element *choose,
                     const Attribute *on)
{
    bool constant = !pattern_varies(on->value);
    size_t met = 0, branches = 0;
    for (const Element *e = choose->first; e && !constant; e = e->next) {
        met += branch_words(expander, walk, e, on, false);
        branches += element_value(e, "is") != NULL;
    }
    for (const Element *e = choose->first; e && met; e = e->next)
        branch_words(expander, walk, e, on, true);
    if (!constant && (met || !branches))
        return true;
    diag_error_help(expander->diag, on->value_place, meant_name(expander, walk, on->value),
                    constant ? "'%s' is the same for all params: nothing is chosen"
                             : "no <when> can ever take '%s'",
                    on->value);
    return false;
}
