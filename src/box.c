/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tensors between guards, and numbers to fill them with. */
#include "box.h"

#include <math.h>
#include <string.h>

#include "base.h"

enum { ALIGNMENT = 64 };

float poison(void)
{
    return nanf("0x2bad");
}

Box box_new(FornixShape shape, int64_t gap)
{
    int64_t pitch = shape.c + gap, floats = fornix_pixels(shape) * pitch;
    Box box = {.count = (size_t)floats + 2 * GUARD};
    box.base = mem_new(box.count + ALIGNMENT / sizeof(float), sizeof(float));
    uintptr_t start = ((uintptr_t)box.base + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    box.memory = (float *)(void *)((char *)box.base + (start - (uintptr_t)box.base));
    for (size_t i = 0; i < box.count; i++)
        box.memory[i] = poison();
    box.tensor = (FornixTensor){.shape = shape,
                                .pitch_w = pitch,
                                .pitch_h = pitch * shape.w,
                                .pitch_d = pitch * shape.w * shape.h,
                                .pitch_n = pitch * shape.w * shape.h * shape.d,
                                .data = box.memory + GUARD};
    return box;
}

Box box_random(FornixShape shape, int64_t gap, uint64_t *seed)
{
    Box box = box_new(shape, gap);
    tensor_draw(&box.tensor, FORNIX_FEATURE, 0, seed);
    return box;
}

void box_free(Box *box)
{
    mem_free(box->base);
    *box = (Box){.memory = NULL};
}

FornixView box_view(const Box *box)
{
    return tensor_view(&box->tensor);
}

BoxState box_state(const Box *box, int64_t *at)
{
    int64_t pitch = box->tensor.pitch_w, inside = fornix_pixels(box->tensor.shape) * pitch;
    BoxState state = BOX_FINE;
    float expected = poison();
    for (size_t i = 0; i < box->count; i++) {
        int64_t place = (int64_t)i - GUARD;
        bool own = place >= 0 && place < inside && place % pitch < box->tensor.shape.c;
        bool same = memcmp(&box->memory[i], &expected, sizeof expected) == 0;
        if (same != own)
            continue;
        if (own && state == BOX_UNWRITTEN)
            continue;
        *at = place;
        state = own ? BOX_UNWRITTEN : BOX_OUTSIDE;
        if (state == BOX_OUTSIDE)
            break;
    }
    return state;
}

static bool is_whole(unsigned kind)
{
    return kind & (FORNIX_MASK | FORNIX_LABEL);
}

void tensor_draw(const FornixTensor *tensor, unsigned kind, int64_t classes, uint64_t *seed)
{
    for (int64_t i = 0; i < fornix_floats(tensor->shape); i++) {
        double u = draw(seed);
        *tensor_at(tensor, i) =
            (float)(is_whole(kind)          ? floor((u + 1) / 2 * (double)(classes ? classes : 2))
                    : kind == FORNIX_WEIGHT ? 1 + u / 2
                    : kind == FORNIX_PROBABILITY ? (u + 1) / 2
                                                 : 2 * u);
    }
}
