/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Parts of tensors, from where a whole one lies anyway or need not be made.
 *
 * A box goes the way of its row, through splits and samplers, to the table that has the tensor.
 * What is kept in memory there is cut at once; who can read parts (a loader that keeps volumes, a
 * table on disk) does; else the whole is read, kept where the budget allows, and cut.
 */
#include "cutout.h"
#include "samples_parts.h"

static bool box_of_whole(const FornixTable *table, int c, int64_t row, const FornixBox *box,
                         float *out, FornixError *error)
{
    FornixShape s = table->columns[c].shown.shape;
    size_t bytes = (size_t)fornix_floats(s) * sizeof(float);
    float *whole = mem_large(bytes);
    if (!whole)
        return fornix_fail(error, "no memory to read '%s'", table->columns[c].shown.name);
    bool fine = fornix_read(table, c, row, whole, error);
    if (fine)
        cutout_take(box, whole, (int64_t[]){s.d, s.h, s.w}, s.c, out);
    mem_large_free(whole, bytes);
    return fine;
}

static bool read_own_box(const FornixTable *table, int c, int64_t row, const FornixBox *box,
                         float *out, FornixError *error)
{
    const Scene *before = scene_enter(table->scene.node ? &table->scene : scene_now);
    bool fine = table->reader.read_box(table->reader.opened, table, c, row, box, out, error);
    scene_leave(before);
    return fine || (table->scene.node && scene_blame(&table->scene, error));
}

bool fornix_read_box(const FornixTable *table, int c, int64_t row, const FornixBox *box, float *out,
                     FornixError *error)
{
    if (c < 0 || c >= table->column_count || row < 0 || row >= table->rows)
        return fornix_fail(error, "'%s' has no row %lld in column %d", table->id, (long long)row,
                           c);
    const Column *column = &table->columns[c];
    if (!column_is_tensor(column))
        return fornix_fail(error, "'%s' is no tensor to cut a box from", column->shown.name);
    const Origin *origin = &table->origins[row];
    int from = origin->input >= 0 ? column->from[origin->input] : -1;
    bool own = from < 0 || (column->own && table->reader.read);
    if (!own && origin->other < 0)
        return fornix_read_box(table->inputs[origin->input], from, origin->row, box, out, error);
    const float *kept =
        column->kept ? atomic_load_explicit(&column->kept[row], memory_order_acquire) : NULL;
    if (kept) {
        FornixShape s = column->shown.shape;
        cutout_take(box, kept, (int64_t[]){s.d, s.h, s.w}, s.c, out);
        return true;
    }
    if (own && table->reader.read_box && !table->costly)
        return read_own_box(table, c, row, box, out, error);
    return box_of_whole(table, c, row, box, out, error);
}
