/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Heads with tumours that nobody has: magnetic resonance volumes made from numbers.
 *
 * A subject is a key and a severity. The key decides the anatomy (pose, size, folds, ventricles,
 * deep nuclei, small bright lesions that are no tumour), where the tumour is and how large; the
 * severity decides what it looks like: a higher one has a more ragged border, a wider oedema, a
 * brighter rim in t1ce, a larger necrosis and a coarser texture. Nothing else tells the grade.
 *
 * Severity is drawn from N(m, 1) with m = -d/2 for the lower grade and +d/2 for the higher. The
 * image depends on the grade through severity s alone, so nobody can tell the grades apart better
 * than one who reads s itself; the likelihood ratio exp(d s) rises with s, so s is the best score
 * there is, and
 *
 *   best possible AUC = P(s of a high grade > s of a low grade) = Phi(d / sqrt 2)
 *
 * since the difference of the two is N(d, 2): d = 1.4657 gives .85.
 *
 * The field of view is a cube of 200 mm whatever the size of the grid; d counts from below (S),
 * h from behind (A), w from the left (R). A grid with D = 1 is one axial slice through the
 * tumour's centre. The same key on another scanner is the same head.
 */
#ifndef FORNIX_PHANTOM_H
#define FORNIX_PHANTOM_H

#include <stdbool.h>
#include <stdint.h>

#include "fornix-error.h"
#include "fornix-random.h"

enum { PHANTOM_MODALITIES = 4 }; /* flair, t1, t1ce, t2 */
enum { PHANTOM_VIEW_MM = 200 };

typedef enum { PHANTOM_SCANNER_A, PHANTOM_SCANNER_B } PhantomScanner;

/* Classes of a mask in parts; a mask that is whole has only background and tumour. */
enum { PHANTOM_BACKGROUND, PHANTOM_OEDEMA, PHANTOM_CORE };

typedef struct {
    int64_t size[3];
    int64_t modalities; /* the first so many */
    PhantomScanner scanner;
    bool parts;        /* oedema and core apart */
    bool standardized; /* each channel: mean 0, variance 1 in the head; else raw. 0 outside */
} PhantomSpec;

typedef struct Phantom Phantom;

Phantom *phantom_new(const PhantomSpec *spec, FornixError *error); /* NULL after a failure */
void phantom_free(Phantom *phantom);                               /* NULL is fine */

/* Safe from several threads. image: D x H x W x modalities, mask: D x H x W. */
bool phantom_image(const Phantom *phantom, FornixRandomKey subject, double severity, float *image,
                   FornixError *error);
bool phantom_mask(const Phantom *phantom, FornixRandomKey subject, double severity, float *mask,
                  FornixError *error);

/* d of a best possible AUC in (0, 1), and back. */
double phantom_separation(double auc);
double phantom_auc(double separation);
/* Of grade 0 … grades - 1: neighbouring grades are `separation` apart. */
double phantom_severity(FornixRandomKey subject, int64_t grade, int64_t grades, double separation);

#endif
