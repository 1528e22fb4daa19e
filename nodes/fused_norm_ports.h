/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A norm and the rectifier behind it as one node. Internal to nodes/. */
#ifndef FORNIX_FUSED_NORM_PORTS_H
#define FORNIX_FUSED_NORM_PORTS_H

#include "activation_ports.h"

/* below: the rectifier's slope for values below 0, from the attributes in parts[1]. A norm that has
 * a rectifier of its own is left alone. NORM_KEEP is the norm's. */
#define FUSED_NORM(Norm, norm, rectifier, below)                                                   \
    static bool fuse(void *to, const void *const *parts, const bool *given)                        \
    {                                                                                              \
        (void)given;                                                                               \
        Norm *fused = to;                                                                          \
        *fused = *(const Norm *)parts[0];                                                          \
        bool alone = fused->slope >= 1;                                                            \
        fused->slope = below;                                                                      \
        return alone;                                                                              \
    }                                                                                              \
    static const FornixLayer layer = {.infer = infer,                                              \
                                      .forward = forward,                                          \
                                      .backward = backward,                                        \
                                      .keep = NORM_KEEP,                                           \
                                      .fuses = norm " " rectifier,                                 \
                                      .fuse = fuse};                                               \
    const FornixNode fornix_node = {                                                               \
        .abi = FORNIX_ABI,                                                                         \
        .name = FORNIX_FUSED norm "_" rectifier,                                                   \
        .doc = "What " norm " and " rectifier " right behind it do. The engine takes it wherever " \
               "both stand in this order and nothing reads what is between them.",                 \
        .formula = "as " norm " and " rectifier ", to the bit",                                    \
        .attrs_size = sizeof(Norm),                                                                \
        .attrs = attrs,                                                                            \
        .inputs = norm_inputs,                                                                     \
        .outputs = norm_outputs,                                                                   \
        .layer = &layer,                                                                           \
        .example = "x=7,3,2,2,3 | <" FORNIX_FUSED norm "_" rectifier " x=\"x\" slope=\"0.1\"/>"};

#endif
