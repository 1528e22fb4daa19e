/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Slices of those whose segmentation was judged, where subjects were asked for: the worst, the
 * middle and the best, since a figure of overlap does not show where a net errs. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "picture.h"
#include "report_parts.h"
#include "slice.h"

enum { SLICES_DRAWN = 6, SIDE_MOST = 1024 };

static int find_kind(const FornixTable *table, unsigned kinds)
{
    for (int c = 0; c < fornix_columns(table); c++)
        if (fornix_column(table, c)->kind & kinds)
            return c;
    return -1;
}

/* A column of the size of the mask; else -1. */
static int of_size(const FornixTable *table, int column, int mask)
{
    FornixShape m = fornix_column(table, mask)->shape;
    FornixShape x = column < 0 ? m : fornix_column(table, column)->shape;
    return x.d == m.d && x.h == m.h && x.w == m.w ? column : -1;
}

static bool find_columns(const FornixTable *table, SliceRequest *request)
{
    int mask = find_kind(table, FORNIX_LOGITS | FORNIX_PROBABILITY);
    if (mask < 0)
        return false;
    FornixShape shape = fornix_column(table, mask)->shape;
    *request = (SliceRequest){.table = table,
                              .image = of_size(table, find_kind(table, FORNIX_IMAGE), mask),
                              .mask = mask,
                              .truth = of_size(table, find_kind(table, FORNIX_MASK), mask)};
    return shape.h > 1 && shape.w > 1 && shape.h <= SIDE_MOST && shape.w <= SIDE_MOST;
}

/* ---- Who is shown ------------------------------------------------------------------------ */

typedef struct Judged {
    double dice;
    int64_t row; /* of the predictions */
    const FornixRow *who;
} Judged;

static int judged_compare(const void *a, const void *b)
{
    const Judged *x = a, *y = b;
    int order = (x->dice > y->dice) - (x->dice < y->dice);
    return order ? order : (x->row > y->row) - (x->row < y->row);
}

static int64_t find_row(const FornixTable *table, const FornixRow *who)
{
    for (int64_t row = 0; row < fornix_rows(table); row++) {
        const FornixRow *other = fornix_row(table, row);
        if (strcmp(other->subject, who->subject) == 0 && strcmp(other->name, who->name) == 0)
            return row;
    }
    return -1;
}

/* All whose Dice is defined, the worst first. */
static int64_t find_judged(const FornixTable *scores, const FornixTable *predictions,
                           Judged *judged)
{
    int dice = -1;
    int64_t count = 0;
    for (int c = 0; c < fornix_columns(scores) && dice < 0; c++)
        if (strncmp(fornix_column(scores, c)->name, "dice_", 5) == 0 &&
            fornix_column(scores, c)->kind & FORNIX_WEIGHT)
            dice = c;
    for (int64_t k = 0; dice >= 0 && k < fornix_rows(scores); k++) {
        const FornixRow *who = fornix_row(scores, k);
        Judged one = {fornix_real(scores, dice, k), find_row(predictions, who), who};
        if (isfinite(one.dice) && one.row >= 0)
            judged[count++] = one;
    }
    if (count)
        qsort(judged, (size_t)count, sizeof *judged, judged_compare);
    return count;
}

/* ---- Drawn ------------------------------------------------------------------------------- */

static void add_slice(Report *report, const ReportNode *node, const SliceRequest *request,
                      const Judged *judged)
{
    FornixError error = {0};
    Slice slice = {0};
    Text png = {0}, *page = &report->page;
    bool fine = slice_draw(request, judged->row, &slice, &error) &&
                picture_encode(slice.colours, slice.height, slice.width, 3, &png, &error);
    if (fine) {
        report_figure_begin(report, "slice", node->id, NULL);
        html_add(page, "<figcaption>", judged->who->subject, " ");
        html_add(page, "", judged->who->name, " <span class=\"quiet\">Dice ");
        html_figure(page, judged->dice);
        text_add(page, "</span></figcaption>");
        html_png(page, png.data, png.length, "truth on the left, prediction on the right");
        report_figure_end(report);
    } else {
        report_misses(report, "a slice of %s: %s", node->id, error.text);
    }
    mem_free(slice.colours);
    text_free(&png);
}

static void add_node(Report *report, const ReportNode *node)
{
    const ReportNode *from = report_input(report, node, "predictions", 0);
    const FornixTable *scores = report_table(report, node);
    const FornixTable *predictions = from ? report_table(report, from) : NULL;
    SliceRequest request;
    if (!scores || !predictions || !find_columns(predictions, &request)) {
        report_misses(report, "slices of %s: this run kept no predictions to draw", node->id);
        return;
    }
    Judged *judged = arena_take(report->memory, (size_t)fornix_rows(scores) + 1, sizeof *judged);
    int64_t count = find_judged(scores, predictions, judged);
    int64_t shown = count < SLICES_DRAWN ? count : SLICES_DRAWN;
    html_add(&report->page, "<h3>", node->id, "</h3>\n<div class=\"grid\">\n");
    for (int64_t k = 0; k < shown; k++)
        add_slice(report, node, &request, &judged[shown > 1 ? k * (count - 1) / (shown - 1) : 0]);
    text_format(&report->page,
                "</div>\n<p class=\"note\">From the worst to the best of %lld: the truth on the "
                "left, what was segmented on the right, on %s.</p>\n",
                (long long)count,
                request.image >= 0
                    ? "the image"
                    : "how likely each pixel was said to be foreground (white: sure; "
                      "where a graph collects the image, too, it is drawn instead)");
}

void report_slices(Report *report)
{
    bool headed = false;
    for (int k = 0; k < report->node_count && report->request->with_subjects; k++) {
        if (!report_is(&report->nodes[k], "evaluate_segmentation"))
            continue;
        if (!headed)
            report_heading(report, "slices", "Slices");
        headed = true;
        add_node(report, &report->nodes[k]);
    }
}
