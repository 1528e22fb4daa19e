/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The <window> of an apply: which columns its body sees in windows, and of what size. */
#include <string.h>

#include "cutout.h"
#include "stage_parts.h"

bool stage_windows(const Stage *stage, const FornixColumn *column)
{
    const int64_t *grid = stage->window ? stage->window->tiling.grid : NULL;
    return grid && !(column->kind & (FORNIX_LABEL | FORNIX_WEIGHT)) && column->shape.d == grid[0] &&
           column->shape.h == grid[1] && column->shape.w == grid[2];
}

static bool fail(const Stage *stage, const Element *element, const char *attribute,
                 const char *text)
{
    const Attribute *at = element_attribute(element, attribute);
    diag_error(stage->context.diag, at ? at->value_place : element->place, "%s", text);
    return false;
}

/* That of the images; without any, of the largest column. */
static bool find_grid(const Stage *stage, int64_t grid[3])
{
    const FornixColumn *found = NULL;
    for (int k = 0; k < stage->column_count; k++) {
        const FornixColumn *column = &stage->columns[k];
        bool image = column->kind & FORNIX_IMAGE, known = found && found->kind & FORNIX_IMAGE;
        if (fornix_pixels(column->shape) > 1 &&
            (!found || (image && !known) ||
             (image == known && fornix_pixels(column->shape) > fornix_pixels(found->shape))))
            found = column;
    }
    if (!found)
        return false;
    grid[0] = found->shape.d;
    grid[1] = found->shape.h;
    grid[2] = found->shape.w;
    return true;
}

static bool read_flips(Stage *stage, const Element *element, FornixList flips, bool out[3])
{
    static const char *const axes[] = {"d", "h", "w"};
    for (int64_t k = 0; k < flips.count; k++) {
        bool found = false;
        for (unsigned axis = 0; axis < COUNT(axes); axis++)
            if (strcmp(axes[axis], flips.items[k]) == 0)
                found = out[axis] = true;
        if (!found)
            return fail(stage, element, "flips",
                        arena_format(stage->memory, "'%s' is no axis: d, h or w", flips.items[k]));
    }
    return true;
}

static bool read_window(Stage *stage, const Element *element)
{
    if (stage->kind != STAGE_APPLY)
        return fail(stage, element, "", "only <apply> can hold a <window>");
    if (stage->window)
        return fail(stage, element, "", "an <apply> holds one <window> at most");
    if (element->first)
        return fail(stage, element->first, "", "nothing can stand in a <window>");
    WindowAttrs *attrs = attr_read(&language_window, element, stage->context.resolver,
                                   stage->context.diag, stage->memory);
    if (!attrs)
        return false;
    StageWindow *window = arena_take(stage->memory, 1, sizeof *window);
    TilingRequest *tiling = &window->tiling;
    *window =
        (StageWindow){.element = element,
                      .tiling = {.overlap = attrs->overlap, .even = attrs->weights == WINDOW_EVEN}};
    if (!find_grid(stage, tiling->grid))
        return fail(stage, element, "", "its samples have no images to be seen in windows");
    if (!cutout_size(&attrs->size, tiling->grid, tiling->size))
        return fail(stage, element, "size", "of slices a window has the size H W");
    stage->window = window;
    return read_flips(stage, element, attrs->flips, tiling->flips);
}

bool stage_read_window(Stage *stage)
{
    for (const Element *e = stage->element->first; e; e = e->next)
        if (strcmp(e->name, language_window.name) == 0 && !read_window(stage, e))
            return false;
    for (int k = 0; stage->window && k < stage->column_count; k++) {
        FornixColumn *column = &stage->columns[k];
        const int64_t *size = stage->window->tiling.size;
        if (stage_windows(stage, column))
            column->shape = (FornixShape){1, size[0], size[1], size[2], column->shape.c};
    }
    return true;
}

bool stage_join_windows(const Stage *stage, Collect *collect, const Value *value)
{
    if (!stage->window)
        return true;
    const int64_t *size = stage->window->tiling.size, *grid = stage->window->tiling.grid;
    FornixShape *shape = &collect->column.shape;
    if (collect->pools || shape->d != size[0] || shape->h != size[1] || shape->w != size[2]) {
        diag_error_help(stage->context.diag, collect->reference->value_place,
                        "collect it in an <apply> without <window>",
                        "'%s' has %s for a window of %lld x %lld x %lld: there is nothing to put "
                        "together",
                        value->path, collect->pools ? "one pixel" : "another size",
                        (long long)size[0], (long long)size[1], (long long)size[2]);
        return false;
    }
    if (value->producer && value->kind & FORNIX_MASK) {
        diag_error_help(stage->context.diag, collect->reference->value_place,
                        "collect logits or probabilities",
                        "'%s' has classes, of which windows have no mean", value->path);
        return false;
    }
    *shape = (FornixShape){1, grid[0], grid[1], grid[2], shape->c};
    return true;
}
