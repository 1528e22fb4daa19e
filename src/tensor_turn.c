/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "tensor_turn.h"

#include <string.h>

enum { AXES = 3, IN = 3, OUT = 4 };

/* A kernel by its node: only those have a size of it to choose. */
static bool has_kernel(const FornixNode *type)
{
    for (const FornixAttr *attr = type->attrs; attr && attr->name; attr++)
        if (strcmp(attr->name, "kernel") == 0)
            return true;
    return false;
}

/* sizes: of the axes there, in their order, behind the two of channels. */
static void lay_out(TensorTurn *turn, const MapAxes *axes, const int64_t *sizes)
{
    int64_t step = 1;
    for (int a = 0; a < AXES; a++)
        turn->size[a] = 1;
    for (int i = axes->count; i-- > 0;) {
        int axis = axes->axis[i];
        turn->size[axis] = sizes[i];
        turn->step[axis] = axes->back[i] ? -step : step;
        turn->from += axes->back[i] ? step * (sizes[i] - 1) : 0;
        step *= sizes[i];
    }
    turn->step[IN] = step;
    turn->step[OUT] = step * turn->size[IN];
}

static const char *make_kernel(FornixShape shape, const MapAxes *axes, TensorTurn *turn)
{
    const int64_t sizes[AXES] = {shape.n, shape.d, shape.h};
    bool named[AXES] = {false};
    int64_t there[AXES];
    turn->rank = 2 + axes->count;
    for (int i = 0; i < axes->count; i++) {
        named[axes->axis[i]] = true;
        turn->dims[2 + i] = there[i] = sizes[axes->axis[i]];
    }
    for (int a = 0; a < AXES; a++)
        if (!named[a] && sizes[a] > 1)
            return "the kernel extends along an axis that 'axes' does not name";
    lay_out(turn, axes, there);
    return NULL;
}

static bool turned(const MapAxes *axes)
{
    bool turned = false;
    for (int i = 0; i < axes->count; i++)
        turned = turned || axes->back[i] || (i && axes->axis[i] < axes->axis[i - 1]);
    return turned;
}

/* The inputs of a matrix are those of a kernel as large as the map that was made a vector. */
static const char *make_flattened(int64_t inputs, const MapRule *rule, TensorTurn *turn)
{
    static const MapAxes line = {.count = 1, .axis = {2}};
    int64_t channels = rule->flatten[0], pixels = 1;
    if (inputs % channels)
        return "the inputs are no multiple of the channels that flatten= says";
    turn->size[IN] = channels;
    if (rule->flatten_count == 1) {
        if (turned(&rule->axes))
            return "flatten= needs the sizes of the map too, for axes are turned";
        pixels = inputs / channels;
        lay_out(turn, &line, &pixels);
        return NULL;
    }
    if (rule->flatten_count != 1 + rule->axes.count)
        return "flatten= has channels and a size for each of the axes";
    for (int i = 1; i < rule->flatten_count; i++)
        if (!size_multiply(pixels, rule->flatten[i], &pixels))
            return "the sizes that flatten= says are too large";
    if (pixels != inputs / channels)
        return "the sizes that flatten= says are not those of the inputs";
    lay_out(turn, &rule->axes, rule->flatten + 1);
    return NULL;
}

const char *turn_make(const Parameter *parameter, const MapRule *rule, TensorTurn *turn)
{
    FornixShape s = parameter->shape;
    const char *member = strrchr(parameter->name, '.');
    bool line = s.n * s.d * s.h == 1;
    *turn = (TensorTurn){.size = {1, 1, 1, s.w, s.c}, .dims = {s.c, s.w}, .rank = 2};
    if (line && s.w == 1 && strcmp(member, ".weight") != 0) {
        turn->rank = 1;
        turn->step[OUT] = 1;
        return NULL;
    }
    bool kernel = !line || has_kernel(parameter->type);
    if (rule->flatten_count && kernel)
        return "flatten= is for dense layers";
    if (kernel)
        return make_kernel(s, &rule->axes, turn);
    if (rule->flatten_count)
        return make_flattened(s.w, rule, turn);
    lay_out(turn, &(MapAxes){.count = 0}, NULL);
    return NULL;
}

static void turn_all(const TensorTurn *turn, const float *from, float *to, bool in)
{
    const int64_t *size = turn->size, *step = turn->step;
    int64_t here = 0;
    for (int64_t d = 0; d < size[0]; d++)
        for (int64_t h = 0; h < size[1]; h++)
            for (int64_t w = 0; w < size[2]; w++)
                for (int64_t i = 0; i < size[IN]; i++) {
                    int64_t there =
                        turn->from + d * step[0] + h * step[1] + w * step[2] + i * step[IN];
                    for (int64_t o = 0; o < size[OUT]; o++, here++, there += step[OUT])
                        to[in ? here : there] = from[in ? there : here];
                }
}

void turn_in(const TensorTurn *turn, const float *there, float *here)
{
    turn_all(turn, there, here, true);
}

void turn_out(const TensorTurn *turn, const float *here, float *there)
{
    turn_all(turn, here, there, false);
}
