/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cross-entropy and Dice share the exponentials of a tile; Dice and the mean need sums over all
 * pixels first, so backward takes the softmax again rather than keep it.
 *
 * Saved: the factor of the cross-entropy's gradient, then for each sample and channel the slope of
 * L by p and by p o: dL/dp = a + b o.
 */
#include "loss.h"

#include "loss_row.h"
#include "tile.h"

int64_t loss_grains(FornixShape shape, int pass)
{
    return pass == 0 ? shape.n * sample_blocks(shape) : 1;
}

static int64_t class_loss_sums(FornixShape shape) /* of a grain: entropy, weight, I, S */
{
    return 2 + 2 * shape.c;
}

int64_t class_loss_scratch(FornixShape shape)
{
    return 2 * loss_grains(shape, 0) * class_loss_sums(shape);
}

int64_t class_loss_saved(FornixShape shape)
{
    return 1 + 2 * shape.n * shape.c;
}

typedef struct {
    TileRow rows[KERNEL_CLASSES]; /* probabilities */
    TileRow label, counts;        /* counts: 1 where the label is in range, else 0 */
    TileRow entropy, weight;      /* l_i, and w_y: what the cross-entropy divides by */
    TileRow spread; /* softmax: what multiplies -log p's part that all classes share */
    TileRow focus;  /* what multiplies the cross-entropy's gradient */
    TileRow others; /* with a focus: 1 - p of the pixel's class */
} ClassTile;

INLINE float class_of(const ClassLoss *loss, int64_t channel)
{
    return (float)(loss->sigmoid ? channel + 1 : channel);
}

INLINE float class_weight(const ClassLoss *loss, int64_t channel)
{
    return loss->class_weight ? loss->class_weight[channel] : 1.0f;
}

INLINE void tile_labels(const ClassLoss *loss, ClassTile *tile, int64_t pixel, int pixels)
{
    float limit = class_of(loss, loss->x.shape.c);
    int64_t pitch = loss->label.pitch_w;
    const float *from = loss->label.data + pixel * pitch;
    if (pixels == TILE && pitch == 1)
        FOR_LANES (p, TILE)
            tile->label[p] = from[p];
    else
        for (int p = 0; p < TILE; p++)
            tile->label[p] = p < pixels ? from[p * pitch] : -1;
    FOR_LANES (p, TILE) {
        float label = tile->label[p];
        bool whole = label + 8388608.0f - 8388608.0f == label; /* 2^23 leaves no fraction */
        tile->counts[p] = (whole & (label >= 0) & (label < limit)) ? 1.0f : 0.0f;
    }
}

/* Rows hold centred logits; the exponentials' sums come afterwards. */
INLINE void tile_entropy_start(const ClassLoss *loss, ClassTile *tile)
{
    float kept = (float)(1 - loss->smoothing);
    float share = (float)(loss->smoothing / (double)loss->x.shape.c), total = 0;
    FOR_LANES (p, TILE)
        tile->entropy[p] = tile->weight[p] = 0;
    for (int64_t k = 0; k < loss->x.shape.c; k++) {
        float w = class_weight(loss, k);
        total += w;
        FOR_LANES (p, TILE) {
            bool mine = tile->label[p] == (float)k;
            tile->weight[p] += mine ? w : 0;
            tile->entropy[p] -= mine ? kept * w * tile->rows[k][p] : 0;
        }
        if (share > 0)
            FOR_LANES (p, TILE)
                tile->entropy[p] -= share * w * tile->rows[k][p];
    }
    FOR_LANES (p, TILE) {
        tile->spread[p] = kept * tile->weight[p] + share * total;
        tile->focus[p] = 1;
    }
}

/* Rows hold probabilities, entropy w (-log p). By the logits the gradient of (1 - p)^g (-log p) is
 * that of -log p times (1 - p)^g (1 + g p (-log p) / (1 - p)). Where p is near 1, its own digits
 * tell nothing of 1 - p any more: the other classes' sum does, and a series tells -log p by it. */
INLINE void tile_focus(const ClassLoss *loss, ClassTile *tile)
{
    TileRow own;
    float focus = (float)loss->focus;
    FOR_LANES (p, TILE)
        own[p] = tile->others[p] = 0;
    for (int64_t k = 0; k < loss->x.shape.c; k++)
        FOR_LANES (p, TILE) {
            bool mine = tile->label[p] == (float)k;
            own[p] += mine ? tile->rows[k][p] : 0;
            tile->others[p] += mine ? 0 : tile->rows[k][p];
        }
    FOR_LANES (p, TILE) {
        float q = tile->others[p], w = tile->weight[p];
        float series = 1 + q * (1 / 2.0f + q * (1 / 3.0f + q * (1 / 4.0f)));
        float unlikely = w > 0 ? tile->entropy[p] / w : 0;
        float ratio = q < 0.01f ? series : unlikely / q;
        float damping = q > 1e-37f ? exp_of(focus * log_of(q)) : 0;
        tile->entropy[p] = w * damping * (q * ratio);
        tile->focus[p] = damping * (1 + focus * own[p] * ratio);
    }
}

INLINE void tile_classify(const ClassLoss *loss, ClassTile *tile, int64_t pixel, int pixels)
{
    const FornixView *x = &loss->x;
    TileRow sum;
    tile_load(tile->rows, x->data + pixel * x->pitch_w, x->pitch_w, x->shape.c, pixels);
    tile_labels(loss, tile, pixel, pixels);
    tile_centre(tile->rows, x->shape.c);
    tile_entropy_start(loss, tile);
    tile_softmax(tile->rows, x->shape.c, sum);
    FOR_LANES (p, TILE)
        tile->entropy[p] += tile->spread[p] * log_of(sum[p]);
    if (loss->focus > 0)
        tile_focus(loss, tile);
}

INLINE void tile_judge(const ClassLoss *loss, ClassTile *tile, int64_t pixel, int pixels)
{
    const FornixView *x = &loss->x;
    float share = 1 / (float)x->shape.c, kept = (float)(1 - loss->smoothing);
    float middle = (float)(loss->smoothing / 2);
    tile_load(tile->rows, x->data + pixel * x->pitch_w, x->pitch_w, x->shape.c, pixels);
    tile_labels(loss, tile, pixel, pixels);
    FOR_LANES (p, TILE) {
        tile->entropy[p] = 0;
        tile->weight[p] = tile->focus[p] = 1;
    }
    for (int64_t k = 0; k < x->shape.c; k++)
        FOR_LANES (p, TILE) {
            float target = tile->label[p] == (float)(k + 1) ? kept + middle : middle;
            if (loss->entropy_share != 0)
                tile->entropy[p] += share * point_entropy(tile->rows[k][p], target);
            tile->rows[k][p] = sigmoid_of(tile->rows[k][p]);
        }
}

INLINE void tile_fill(const ClassLoss *loss, ClassTile *tile, int64_t pixel, int pixels)
{
    if (loss->sigmoid)
        tile_judge(loss, tile, pixel, pixels);
    else
        tile_classify(loss, tile, pixel, pixels);
}

INLINE double tile_sum(const float *values, const float *counts)
{
    double sum[LANES] = {0}, total = 0;
    for (int p = 0; p < TILE; p += LANES)
        FOR_LANES (l, LANES)
            sum[l] += (double)(counts[p + l] > 0 ? values[p + l] : 0.0f);
    for (int l = 0; l < LANES; l++)
        total += sum[l];
    return total;
}

INLINE void tile_overlap(const ClassLoss *loss, const ClassTile *tile, double *both, double *each)
{
    for (int64_t k = 0; k < loss->x.shape.c; k++) {
        TileRow shared, summed;
        float class = class_of(loss, k);
        FOR_LANES (p, TILE) {
            bool mine = tile->label[p] == class;
            shared[p] = mine ? tile->rows[k][p] : 0;
            summed[p] = tile->rows[k][p] + (mine ? 1.0f : 0.0f);
        }
        both[k] += tile_sum(shared, tile->counts);
        each[k] += tile_sum(summed, tile->counts);
    }
}

INLINE void class_loss_sum_body(const ClassLoss *loss, double *partials, int64_t begin, int64_t end)
{
    FornixShape shape = loss->x.shape;
    ClassTile tile;
    for (int64_t g = begin; g < end; g++) {
        double *sums = partials + g * class_loss_sums(shape);
        PixelBlock block = pixel_block(shape, g);
        for (int64_t i = 0; i < class_loss_sums(shape); i++)
            sums[i] = 0;
        for (int64_t p = 0; p < block.count; p += TILE) {
            tile_fill(loss, &tile, block.first + p, (int)least(TILE, block.count - p));
            if (loss->entropy_share != 0) {
                sums[0] += tile_sum(tile.entropy, tile.counts);
                sums[1] += tile_sum(tile.weight, tile.counts);
            }
            if (loss->dice_share != 0)
                tile_overlap(loss, &tile, sums + 2, sums + 2 + shape.c);
        }
    }
}

KERNEL(class_loss_sum, (const ClassLoss *loss, double *partials, int64_t begin, int64_t end),
       (loss, partials, begin, end))

/* Cross-entropy from all partial sums; writes the factor of its gradient. */
static double entropy_total(const ClassLoss *loss, const double *partials)
{
    FornixShape shape = loss->x.shape;
    double entropy = 0, weight = 0;
    for (int64_t g = 0; g < loss_grains(shape, 0); g++) {
        const double *sums = partials + g * class_loss_sums(shape);
        double row = (double)row_weight(&loss->row_weight, g / sample_blocks(shape));
        entropy += row * sums[0];
        weight += row * sums[1];
    }
    double factor = weight > 0 ? 1 / weight : 0;
    loss->saved[0] = (float)(loss->entropy_share * factor);
    return entropy * factor;
}

/* The score of one group: channel k of samples [first, last); writes the slopes of its pixels. */
static double dice_score(const ClassLoss *loss, const double *partials, int64_t k, int64_t first,
                         int64_t last)
{
    FornixShape shape = loss->x.shape;
    int64_t blocks = sample_blocks(shape), channels = shape.c;
    double both = loss->smooth / 2, each = loss->smooth;
    for (int64_t g = first * blocks; g < last * blocks; g++) {
        const double *sums = partials + g * class_loss_sums(shape) + 2;
        double row = loss->per_sample ? 1 : (double)row_weight(&loss->row_weight, g / blocks);
        both += row * sums[k];
        each += row * sums[channels + k];
    }
    double total = loss->per_sample ? row_total(&loss->row_weight, shape.n) : 1;
    double share = total > 0 && each > 0 ? 1 / (total * (double)channels) : 0;
    float *slopes = loss->saved + 1;
    for (int64_t n = first; n < last; n++) {
        double factor = share * (double)row_weight(&loss->row_weight, n) * loss->dice_share;
        slopes[n * channels + k] = factor != 0 ? (float)(factor * 2 * both / (each * each)) : 0;
        slopes[(shape.n + n) * channels + k] = factor != 0 ? (float)(-factor * 2 / each) : 0;
    }
    double row = loss->per_sample ? (double)row_weight(&loss->row_weight, first) : 1;
    return share > 0 ? row * share * (1 - 2 * both / each) : 0;
}

static double dice_total(const ClassLoss *loss, const double *partials)
{
    FornixShape shape = loss->x.shape;
    int64_t step = loss->per_sample ? 1 : shape.n;
    double total = 0;
    for (int64_t n = 0; n < shape.n; n += step)
        for (int64_t k = 0; k < shape.c; k++)
            total += dice_score(loss, partials, k, n, n + step);
    return total;
}

void class_loss_forward(const ClassLoss *loss, int pass, int64_t begin, int64_t end)
{
    double *partials = (double *)(void *)loss->scratch;
    if (pass == 0) {
        class_loss_sum(loss, partials, begin, end);
        return;
    }
    double entropy = entropy_total(loss, partials), dice = dice_total(loss, partials);
    *loss->value = (float)(loss->entropy_share * entropy + loss->dice_share * dice);
}

/* Rows become the gradient by the logits. slopes: dL/dp = a + b o of this sample's channels. */
INLINE void tile_dice_gradient(const ClassLoss *loss, const ClassTile *tile, TileRow *gradient,
                               const float *a, const float *b)
{
    int64_t channels = loss->x.shape.c;
    TileRow product = {0};
    if (loss->dice_share == 0) {
        for (int64_t k = 0; k < channels; k++)
            FOR_LANES (p, TILE)
                gradient[k][p] = 0;
        return;
    }
    bool sigmoid = loss->sigmoid;
    for (int64_t k = 0; k < channels; k++) {
        float class = class_of(loss, k), always = a[k], mine = b[k];
        FOR_LANES (p, TILE) {
            gradient[k][p] = always + (tile->label[p] == class ? mine : 0.0f);
            product[p] += tile->rows[k][p] * gradient[k][p];
        }
    }
    for (int64_t k = 0; k < channels; k++)
        FOR_LANES (p, TILE) {
            float y = tile->rows[k][p];
            gradient[k][p] =
                sigmoid ? y * (1 - y) * gradient[k][p] : y * (gradient[k][p] - product[p]);
        }
}

INLINE void tile_entropy_gradient(const ClassLoss *loss, const ClassTile *tile, TileRow *gradient,
                                  float factor)
{
    float kept = (float)(1 - loss->smoothing);
    float share = (float)(loss->smoothing / (double)loss->x.shape.c);
    float middle = (float)(loss->smoothing / 2), mean = 1 / (float)loss->x.shape.c;
    for (int64_t k = 0; k < loss->x.shape.c; k++) {
        float w = class_weight(loss, k), class = class_of(loss, k);
        TileRow slope;
        if (loss->sigmoid)
            FOR_LANES (p, TILE)
                slope[p] =
                    mean * (tile->rows[k][p] - (tile->label[p] == class ? kept + middle : middle));
        else
            FOR_LANES (p, TILE)
                slope[p] = tile->spread[p] * tile->rows[k][p] -
                           (tile->label[p] == class ? kept * w : 0) - share * w;
        if (loss->focus > 0)
            FOR_LANES (p, TILE)
                slope[p] = tile->label[p] == class ? -w * tile->others[p] : slope[p];
        FOR_LANES (p, TILE)
            gradient[k][p] += factor * tile->focus[p] * slope[p];
    }
}

INLINE void class_loss_backward_body(const ClassLoss *loss, float scale, const FornixTensor *dx,
                                     int64_t begin, int64_t end)
{
    FornixShape shape = loss->x.shape;
    TileRow gradient[KERNEL_CLASSES];
    ClassTile tile;
    for (int64_t g = begin; g < end; g++) {
        PixelBlock block = pixel_block(shape, g);
        const float *a = loss->saved + 1 + block.sample * shape.c, *b = a + shape.n * shape.c;
        float factor = loss->saved[0] * row_weight(&loss->row_weight, block.sample);
        for (int64_t i = 0; i < block.count; i += TILE) {
            int pixels = (int)least(TILE, block.count - i);
            tile_fill(loss, &tile, block.first + i, pixels);
            tile_dice_gradient(loss, &tile, gradient, a, b);
            if (factor != 0)
                tile_entropy_gradient(loss, &tile, gradient, factor);
            for (int64_t k = 0; k < shape.c; k++)
                FOR_LANES (p, TILE)
                    gradient[k][p] = tile.counts[p] > 0 ? scale * gradient[k][p] : 0;
            tile_store(dx->data + (block.first + i) * dx->pitch_w, dx->pitch_w, gradient, shape.c,
                       pixels);
        }
    }
}

ISA_KERNEL(class_loss_backward,
           (const ClassLoss *loss, float scale, const FornixTensor *dx, int64_t begin, int64_t end),
           (loss, scale, dx, begin, end))
