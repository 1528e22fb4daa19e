/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One weight in two layouts: as other frameworks have it, channels first, and as nets here do.
 *
 *   there   kernels O I D H W (transposed: I O D H W), matrices O I, vectors
 *   here    kernels D H W I O (transposed: D H W O I), matrices I O, vectors; always five sizes
 *
 * So the first two sizes there are the last two here, turned round, whatever they mean. A matrix
 * behind a map made a vector has its inputs in another order too: channels run slowest there.
 */
#ifndef FORNIX_TENSOR_TURN_H
#define FORNIX_TENSOR_TURN_H

#include "graph.h"
#include "mapping.h"

typedef struct TensorTurn {
    int rank;
    int64_t dims[5];       /* there */
    int64_t size[5];       /* here: d h w, i, o */
    int64_t step[5], from; /* there: of the element at an index here */
} TensorTurn;

/* Of a weight by the axes and the flatten of the rule that names it. NULL, or what is wrong. */
const char *turn_make(const Parameter *parameter, const MapRule *rule, TensorTurn *turn);
void turn_in(const TensorTurn *turn, const float *there, float *here);
void turn_out(const TensorTurn *turn, const float *here, float *there);

#endif
