/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The examples in the descriptors of layers and composites, made into graphs that run.
 *
 * A line "x=2,3,4,5,6 y=mask:2,3,4,5,1:3 | <element .../>" is an element and the tensors that it is
 * given: NAME=[KIND:]N,D,H,W,C[:CLASSES]. Where no kind is said, it is one that the port takes. The
 * element stands in a net "n" as "t", and a body uses that net as "u": "u/t" is its first output.
 */
#ifndef FORNIX_EXAMPLE_H
#define FORNIX_EXAMPLE_H

#include <string.h>

#include "infer.h"
#include "text.h"

enum { GIVEN_MOST = 8 };

typedef struct Given {
    char name[24];
    unsigned kind; /* 0: not said */
    FornixShape shape;
    int64_t classes;
    bool source; /* it comes from a weight of the net "given", so that it has a gradient */
} Given;

typedef struct Example {
    const char *name; /* of the node */
    Given given[GIVEN_MOST];
    int given_count;
    const char *element; /* as written, with id="t" */
    Arena *arena;
    Diag *diag;
    Body *body;
    const Element *net; /* "n" */
    const Graph *graph; /* NULL until example_infer */
} Example;

typedef struct ExampleSetting {
    const char *behind; /* what stands behind the <use> in the body; NULL: nothing */
    FornixShape goal;   /* of one more column, batch.goal; n = 0: none */
    bool sources;       /* what can take a gradient is given by weights (<trial_given>) */
    bool twice;         /* the net is used once more, as "v", on the same tensors */
} ExampleSetting;

/* Runs a statement for each line of the example of a node. */
#define EACH_EXAMPLE(line, type)                                                                   \
    for (const char *line = (type)->example; line && *line;                                        \
         line += strcspn(line, "\n"), line += *line == '\n')

/* `line` is ended by a newline or the end of the text. Ends with example_close, also after a
 * failure. */
bool example_read(Example *example, const char *name, const char *line, FornixError *error);
/* The same of tensors and elements apart: text of the elements, the last with id="t". */
bool example_make(Example *example, const char *name, const char *given, const char *elements,
                  FornixError *error);
/* Makes the graph; the user's mistakes (of the example) are left in the diag. */
void example_infer(Example *example, Registry *registry, const ExampleSetting *setting);
/* As example_infer, but a mistake is a failure. */
bool example_open(Example *example, Registry *registry, const ExampleSetting *setting,
                  FornixError *error);
/* False, and the mistakes in the error, where there are any. */
bool example_fine(const Example *example, FornixError *error);
/* Classes and shapes of what it is given, by name. */
AttrResolver example_resolver(Example *example);
void example_close(Example *example);

#endif
