/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How the tensors of another framework's file and the weights of a net are called by one another.
 *
 * A map is a text file, a rule a line; what follows a '#' is for the reader:
 *
 *   encoder{k}.{layer} -> enc{k}/{layer}
 *     The module there is the node here, with all that they hold: weight and bias (of a norm gamma
 *     and beta here), running_mean and running_var. {name} stands for one or more characters but
 *     '.' and '/', and for the same ones wherever it returns; {k+1} and {k-1} for a number beside
 *     that of {k}. What is on one side has to be on the other: a map is read in both directions.
 *   head.alpha -> head/norm.gamma
 *     With a '.' on the right: a single tensor.
 *   fc1 -> hidden flatten=64
 *     A dense layer whose input is a map of 64 channels made a vector: channels run slowest there,
 *     fastest here. With sizes behind (flatten=64,4,6,6: channels, then as `axes` says) where axes
 *     are turned.
 *   axes -w -d h
 *     How the axes of kernels there, in their order, are called here; '-' before one that runs
 *     backwards. Holds for the rules below; "d h w" above. Nets of images say "axes h w".
 *   ignore aux
 *     A tensor there that the net has no use for, or all in the module of that name.
 *   leave logits
 *     A weight here that the file does not hold, or all in the node of that name.
 *
 * An empty map is a beginning: import then lists the tensors there and the weights here.
 *
 * Kernels O I D H W (of transposed convolutions I O D H W) and matrices O I are what every rule
 * expects there. A tensor or weight that two rules take is a mistake: there is no order to know.
 */
#ifndef FORNIX_MAPPING_H
#define FORNIX_MAPPING_H

#include "source.h"

typedef enum { RULE_NAMES, RULE_IGNORE, RULE_LEAVE } RuleKind;

typedef struct MapAxes {
    int count;
    int axis[3];  /* 0 d, 1 h, 2 w */
    bool back[3]; /* runs the other way */
} MapAxes;

typedef struct MapRule {
    RuleKind kind;
    const char *there, *here; /* patterns */
    Place place, here_place;
    bool module; /* names a module and a node, not single tensors */
    MapAxes axes;
    int64_t flatten[4]; /* channels, sizes */
    int flatten_count;  /* 0: no flatten */
    bool used, told;    /* for those who apply it */
} MapRule;

typedef struct Mapping {
    const Source *source;
    MapRule *rules;
    int count;
} Mapping;

/* Of a file; mistakes are in the diag, and NULL is given. What rules point to lives in the arena.
 */
Mapping *mapping_read(const char *path, Diag *diag, Arena *arena);
void mapping_free(Mapping *map); /* NULL is fine */

enum { RULE_SPELLINGS = 2 };
/* What a tensor there is called here by that rule ("enc1/conv1.weight"); NULL: it is none of its.
 * A module's weight and bias have a second spelling here, those of a norm. */
const char *rule_here(const MapRule *rule, const char *there, int spelling, Arena *arena);
const char *rule_there(const MapRule *rule, const char *here, Arena *arena);
/* Whether an ignore or leave means that name, or a rule of modules a tensor that is of no use. */
bool rule_drops(const MapRule *rule, const char *name, Arena *arena);

#endif
