/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The scanner of a phantom: contrasts, bias field, noise; and the grades' statistics.
 *
 * Both scanners see the same heads. The second has other contrasts, a curve between signal and
 * value, a stronger bias field and more noise: what a net has learnt on the first holds only in
 * part on the second, and no linear rescaling of the values brings it back.
 */
#include "phantom_parts.h"

#include <math.h>
#include <string.h>

#include "base.h"

static const double view_mm = PHANTOM_VIEW_MM;

static const double smoothness_mm[FIELDS] = {[FIELD_SHAPE] = 25,
                                             [FIELD_FOLDS] = 6,
                                             [FIELD_BORDER] = 7,
                                             [FIELD_TEXTURE] = 4,
                                             [FIELD_BIAS] = 50};

typedef struct {
    /* Values of scalp, skull, CSF, grey, white, nuclei, ventricles, lesions, oedema, solid, rim,
     * necrosis. */
    float contrast[PHANTOM_MODALITIES][LAYERS];
    float enhanced; /* what the rim comes to in t1ce */
    float gain, gamma, bias, noise;
} Scanner;

enum { T1CE = 2 };

static const Scanner scanners[] = {
    [PHANTOM_SCANNER_A] =
        {.contrast = {{.80F, .10F, .12F, .54F, .44F, .52F, .12F, .76F, .86F, .80F, .82F, .42F},
                      {.80F, .08F, .14F, .48F, .66F, .52F, .14F, .52F, .46F, .42F, .44F, .24F},
                      {.80F, .08F, .14F, .50F, .67F, .54F, .14F, .54F, .47F, .48F, .50F, .22F},
                      {.55F, .08F, .92F, .60F, .46F, .56F, .92F, .68F, .82F, .74F, .74F, .88F}},
         .enhanced = 1.05F,
         .gain = 1,
         .gamma = 1,
         .bias = .1F,
         .noise = .03F},
    [PHANTOM_SCANNER_B] =
        {.contrast = {{.45F, .10F, .32F, .62F, .53F, .60F, .32F, .68F, .72F, .67F, .69F, .48F},
                      {.95F, .06F, .10F, .38F, .76F, .46F, .10F, .56F, .50F, .38F, .40F, .16F},
                      {.90F, .06F, .10F, .42F, .72F, .48F, .10F, .54F, .48F, .46F, .48F, .18F},
                      {.85F, .08F, .78F, .70F, .58F, .66F, .78F, .72F, .74F, .70F, .72F, .78F}},
         .enhanced = .9F,
         .gain = 3,
         .gamma = 1.5F,
         .bias = .3F,
         .noise = .06F},
};

struct Phantom {
    PhantomSpec spec;
    int64_t voxels;
    double voxel_mm[3], edge_mm;
    Field *field[FIELDS];
    size_t floats; /* of the scratch of all fields */
};

Phantom *phantom_new(const PhantomSpec *spec, FornixError *error)
{
    Phantom *p = mem_new(1, sizeof *p);
    p->spec = *spec;
    p->voxels = spec->size[0] * spec->size[1] * spec->size[2];
    p->edge_mm = cbrt(view_mm / (double)spec->size[1] * view_mm / (double)spec->size[2] * view_mm /
                      (double)(spec->size[0] > 1 ? spec->size[0] : spec->size[1]));
    for (int i = 0; i < 3; i++)
        p->voxel_mm[i] = view_mm / (double)spec->size[i];
    for (int f = 0; f < FIELDS; f++) {
        double smoothness[3];
        for (int i = 0; i < 3; i++)
            smoothness[i] = smoothness_mm[f] / p->voxel_mm[i];
        p->field[f] = field_new(spec->size, smoothness, error);
        if (!p->field[f]) {
            phantom_free(p);
            return NULL;
        }
        p->floats += (size_t)field_scratch(p->field[f]);
    }
    return p;
}

void phantom_free(Phantom *phantom)
{
    if (!phantom)
        return;
    for (int f = 0; f < FIELDS; f++)
        field_free(phantom->field[f]);
    mem_free(phantom);
}

/* What the numbers of a subject are for; the anatomy's own come from the subject's key itself. */
enum { KEY_FIELD = 0, KEY_NOISE = FIELDS, KEY_SEVERITY = KEY_NOISE + 2 * PHANTOM_MODALITIES };

/* A subject in the scanner. */
typedef struct {
    const Phantom *phantom;
    FornixRandomKey subject;
    Anatomy anatomy;
    float *memory;
    const float *field[FIELDS];
} Session;

static bool session_open(Session *s, const Phantom *phantom, FornixRandomKey subject,
                         double severity, FornixError *error)
{
    *s = (Session){.phantom = phantom, .subject = subject};
    s->anatomy = anatomy_draw(subject, severity);
    s->memory = mem_large(phantom->floats * sizeof(float));
    return s->memory || fornix_fail(error, "no memory for the %zu floats of a phantom's fields",
                                    phantom->floats);
}

static void session_close(Session *s)
{
    mem_large_free(s->memory, s->phantom->floats * sizeof(float));
}

/* Draws the fields before `end`; images need all of them, masks only those of the shape. */
static void session_draw(Session *s, FieldUse end)
{
    float *scratch = s->memory;
    for (int f = 0; f < (int)end; f++) {
        FornixRandomKey key = fornix_random_derive(s->subject, (uint64_t)(KEY_FIELD + f));
        s->field[f] = field_draw(s->phantom->field[f], key, scratch);
        scratch += field_scratch(s->phantom->field[f]);
    }
}

static Cover session_cover(const Session *s, int64_t voxel)
{
    const Phantom *p = s->phantom;
    const int64_t *size = p->spec.size;
    const int64_t at[3] = {voxel / (size[1] * size[2]), voxel / size[2] % size[1], voxel % size[2]};
    Point place;
    for (int i = 0; i < 3; i++)
        place.at[i] = ((double)at[i] + .5) * p->voxel_mm[i] - view_mm / 2;
    if (size[0] == 1)
        place.at[0] = s->anatomy.slice;
    Bumps bumps = {s->field[FIELD_SHAPE][voxel], s->field[FIELD_FOLDS][voxel],
                   s->field[FIELD_BORDER][voxel]};
    return anatomy_cover(&s->anatomy, place, bumps, p->edge_mm);
}

static bool in_head(const Cover *cover)
{
    return cover->weight[LAYER_SCALP] > .5F;
}

bool phantom_mask(const Phantom *phantom, FornixRandomKey subject, double severity, float *mask,
                  FornixError *error)
{
    Session s;
    if (!session_open(&s, phantom, subject, severity, error))
        return false;
    session_draw(&s, FIELD_TEXTURE);
    for (int64_t i = 0; i < phantom->voxels; i++) {
        Cover cover = session_cover(&s, i);
        float core = cover.weight[LAYER_SOLID];
        float whole = 1 - (1 - core) * (1 - cover.weight[LAYER_OEDEMA]);
        int class = whole <= .5F ? PHANTOM_BACKGROUND : core > .5F ? PHANTOM_CORE : PHANTOM_OEDEMA;
        mask[i] = (float)(phantom->spec.parts ? class : class != PHANTOM_BACKGROUND);
    }
    session_close(&s);
    return true;
}

/* Signal of a voxel before noise. */
static float signal_of(const Session *s, const Scanner *scanner, const Cover *cover, int64_t m)
{
    const Tumour *tumour = &s->anatomy.tumour;
    float value = 0;
    for (int layer = 0; layer < LAYERS; layer++) {
        float own = scanner->contrast[m][layer];
        if (m == T1CE && layer == LAYER_RIM)
            own += (float)tumour->rim * (scanner->enhanced - own);
        value += cover->weight[layer] * (own - value);
    }
    return value;
}

static void image_voxel(const Session *s, const Scanner *scanner, int64_t voxel, float *out)
{
    Cover cover = session_cover(s, voxel);
    int64_t modalities = s->phantom->spec.modalities;
    if (!in_head(&cover)) {
        memset(out, 0, (size_t)modalities * sizeof *out);
        return;
    }
    float tumour = fmaxf(cover.weight[LAYER_SOLID], .5F * cover.weight[LAYER_OEDEMA]);
    float uneven = .02F + (float)s->anatomy.tumour.texture * tumour;
    float texture = fmaxf(1 + uneven * s->field[FIELD_TEXTURE][voxel], 0);
    float bias = scanner->gain * expf(scanner->bias * s->field[FIELD_BIAS][voxel]);
    for (int64_t m = 0; m < modalities; m++) {
        float value = signal_of(s, scanner, &cover, m) * texture;
        out[m] = bias * powf(value, scanner->gamma);
    }
}

/* The magnitude of a signal with normal noise in both of its parts: Rician. */
static void add_noise(const Session *s, const Scanner *scanner, float *image)
{
    enum { CHUNK = 1024 };
    int64_t modalities = s->phantom->spec.modalities;
    float deviation = scanner->noise * scanner->gain, real[CHUNK], imaginary[CHUNK];
    for (int64_t m = 0; m < modalities; m++) {
        FornixRandomKey key = fornix_random_derive(s->subject, (uint64_t)(KEY_NOISE + 2 * m));
        FornixRandomKey other = fornix_random_derive(s->subject, (uint64_t)(KEY_NOISE + 2 * m + 1));
        for (int64_t begin = 0; begin < s->phantom->voxels; begin += CHUNK) {
            int64_t rest = s->phantom->voxels - begin, count = rest < CHUNK ? rest : CHUNK;
            fornix_random_fill_normal(key, (uint64_t)begin, real, count);
            fornix_random_fill_normal(other, (uint64_t)begin, imaginary, count);
            for (int64_t i = 0; i < count; i++) {
                float *value = image + (begin + i) * modalities + m;
                if (*value > 0)
                    *value = hypotf(*value + deviation * real[i], deviation * imaginary[i]);
            }
        }
    }
}

/* Outside the head, where values are 0, they stay so. */
static void standardize(float *values, int64_t voxels, int64_t channels)
{
    double sum = 0, squares = 0, count = 0;
    for (int64_t i = 0; i < voxels * channels; i += channels) {
        double value = (double)values[i];
        sum += value;
        squares += value * value;
        count += value > 0;
    }
    double mean = sum / fmax(count, 1);
    double deviation = sqrt(fmax(squares / fmax(count, 1) - mean * mean, 1e-12));
    for (int64_t i = 0; i < voxels * channels; i += channels)
        if (values[i] > 0)
            values[i] = (float)(((double)values[i] - mean) / deviation);
}

bool phantom_image(const Phantom *phantom, FornixRandomKey subject, double severity, float *image,
                   FornixError *error)
{
    const Scanner *scanner = &scanners[phantom->spec.scanner];
    int64_t modalities = phantom->spec.modalities;
    Session s;
    if (!session_open(&s, phantom, subject, severity, error))
        return false;
    session_draw(&s, FIELDS);
    for (int64_t i = 0; i < phantom->voxels; i++)
        image_voxel(&s, scanner, i, image + i * modalities);
    add_noise(&s, scanner, image);
    for (int64_t m = 0; m < modalities && phantom->spec.standardized; m++)
        standardize(image + m, phantom->voxels, modalities);
    session_close(&s);
    return true;
}

double phantom_auc(double separation)
{
    return .5 * erfc(-separation / 2);
}

double phantom_separation(double auc)
{
    double low = -20, high = 20;
    for (int i = 0; i < 200; i++) {
        double middle = (low + high) / 2;
        if (phantom_auc(middle) < auc)
            low = middle;
        else
            high = middle;
    }
    return (low + high) / 2;
}

double phantom_severity(FornixRandomKey subject, int64_t grade, int64_t grades, double separation)
{
    double mean = ((double)grade - (double)(grades - 1) / 2) * separation;
    return mean + (double)fornix_random_normal(subject, KEY_SEVERITY);
}
