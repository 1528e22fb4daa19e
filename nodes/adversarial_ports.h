/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the nets for features share: shapes seen as three axes, and text made of them. Internal to
 * nodes/. */
#ifndef FORNIX_ADVERSARIAL_PORTS_H
#define FORNIX_ADVERSARIAL_PORTS_H

#include "node.h"

enum { AXES = 3 };

typedef struct {
    int64_t axis[AXES]; /* D H W */
} Extent;

static inline Extent extent_of(FornixShape shape)
{
    return (Extent){{shape.d, shape.h, shape.w}};
}

static inline bool extent_is_point(Extent extent)
{
    return extent.axis[0] == 1 && extent.axis[1] == 1 && extent.axis[2] == 1;
}

static inline int64_t extent_most(Extent extent)
{
    int64_t most = 0;
    for (int a = 0; a < AXES; a++)
        most = extent.axis[a] > most ? extent.axis[a] : most;
    return most;
}

/* Halved, odd sizes up, along the axes that are longer than `least`. */
static inline Extent extent_halve(Extent extent, int64_t least)
{
    for (int a = 0; a < AXES; a++)
        if (extent.axis[a] > least)
            extent.axis[a] = (extent.axis[a] + 1) / 2;
    return extent;
}

/* Emits ` name="a b c"`. */
static inline void emit_axes(FornixInfer *infer, const char *name, Extent values)
{
    fornix_emit(infer, " %s=\"%lld %lld %lld\"", name, (long long)values.axis[0],
                (long long)values.axis[1], (long long)values.axis[2]);
}

#endif
