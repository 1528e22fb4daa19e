/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Connected components by runs.
 *
 * What is joined are runs of equal class along W, not voxels: a volume has a few thousand of those,
 * and each is compared with the lines beside and above it alone.
 */
#include "components.h"

#include <string.h>

#include "base.h"

typedef struct {
    int64_t begin, end; /* along W */
    int64_t line;
    int64_t parent; /* number of a run; its own: the root, which is the first of its component */
    int64_t voxels; /* of a root: of the component */
    int32_t class;
} Run;

typedef struct {
    Run *items;
    int64_t count, room;
    int64_t *first; /* of each line; one more than lines */
} Runs;

static int32_t class_at(float value, bool each_class)
{
    return value < 1 ? 0 : each_class ? (int32_t)value : 1;
}

static void runs_find_line(Runs *runs, const float *line, int64_t width, int64_t number,
                           bool each_class)
{
    for (int64_t w = 0; w < width;) {
        int32_t class = class_at(line[w], each_class);
        int64_t begin = w++;
        while (w < width && class_at(line[w], each_class) == class)
            w++;
        if (!class)
            continue;
        if (runs->count == runs->room) {
            runs->room = runs->room ? 2 * runs->room : 1024;
            runs->items = mem_grow(runs->items, (size_t)runs->room, sizeof *runs->items);
        }
        runs->items[runs->count] = (Run){begin, w, number, runs->count, w - begin, class};
        runs->count++;
    }
}

static int64_t root_of(Runs *runs, int64_t run)
{
    Run *items = runs->items;
    while (items[run].parent != run)
        run = items[run].parent = items[items[run].parent].parent;
    return run;
}

static void join(Runs *runs, int64_t a, int64_t b)
{
    a = root_of(runs, a);
    b = root_of(runs, b);
    if (a == b)
        return;
    int64_t first = a < b ? a : b, other = a < b ? b : a;
    runs->items[other].parent = first;
    runs->items[first].voxels += runs->items[other].voxels;
}

/* Runs of two lines that touch: whose places overlap, or lie `reach` apart at most. */
static void lines_join(Runs *runs, int64_t a, int64_t b, int64_t reach)
{
    int64_t first = runs->first[b], end = runs->first[b + 1];
    for (int64_t i = runs->first[a]; i < runs->first[a + 1]; i++) {
        const Run *one = &runs->items[i];
        while (first < end && runs->items[first].end + reach <= one->begin)
            first++;
        for (int64_t j = first; j < end && runs->items[j].begin < one->end + reach; j++)
            if (runs->items[j].class == one->class)
                join(runs, i, j);
    }
}

static void runs_join(Runs *runs, const int64_t size[3], Neighbours neighbours)
{
    static const int before[4][2] = {{0, -1}, {-1, 0}, {-1, -1}, {-1, 1}}; /* D H */
    int lines = neighbours == NEIGHBOURS_6 ? 2 : 4;
    for (int64_t line = 0; line < size[0] * size[1]; line++)
        for (int k = 0; k < lines; k++) {
            int64_t d = line / size[1] + before[k][0], h = line % size[1] + before[k][1];
            bool face = k < 2;
            int64_t reach = neighbours == NEIGHBOURS_26 || (neighbours == NEIGHBOURS_18 && face);
            if (d >= 0 && h >= 0 && h < size[1])
                lines_join(runs, line, d * size[1] + h, reach);
        }
}

/* largest[class]: the number of its root + 1; 0: there is none. */
static int64_t *largest_find(Runs *runs)
{
    int32_t most = 0;
    for (int64_t r = 0; r < runs->count; r++)
        most = runs->items[r].class > most ? runs->items[r].class : most;
    int64_t *largest = mem_new((size_t)most + 1, sizeof *largest);
    for (int64_t r = 0; r < runs->count; r++) {
        const Run *run = &runs->items[r];
        int64_t *best = &largest[run->class];
        if (run->parent == r && (!*best || run->voxels > runs->items[*best - 1].voxels))
            *best = r + 1;
    }
    return largest;
}

int64_t components_keep_largest(float *classes, const int64_t size[3], Neighbours neighbours,
                                bool each_class)
{
    Runs runs = {.first = mem_new((size_t)(size[0] * size[1]) + 1, sizeof(int64_t))};
    for (int64_t line = 0; line < size[0] * size[1]; line++) {
        runs_find_line(&runs, classes + line * size[2], size[2], line, each_class);
        runs.first[line + 1] = runs.count;
    }
    runs_join(&runs, size, neighbours);
    int64_t *largest = largest_find(&runs), cleared = 0;
    for (int64_t r = 0; r < runs.count; r++) {
        const Run *run = &runs.items[r];
        if (largest[run->class] == root_of(&runs, r) + 1)
            continue;
        memset(classes + run->line * size[2] + run->begin, 0,
               (size_t)(run->end - run->begin) * sizeof *classes);
        cleared += run->end - run->begin;
    }
    mem_free(largest);
    mem_free(runs.items);
    mem_free(runs.first);
    return cleared;
}
